/** `operations …`: which operations are registered. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  joinOperations,
  type ManifestOperation,
  misfitsOf,
  readOperationsFile,
  writeOperationsFile,
} from '@latchkey/gateway/operations-file'
import { type Config, type Environment, parseConfig } from '../config.ts'
import { fault } from '../embedded/fault.ts'
import { supergraphFileOf } from '../supergraph-file.ts'
import { type Command, misused } from './command.ts'

type Act = (value: string, config: Config) => string

const counted = (count: number): string => (count === 1 ? '1 operation' : `${count} operations`)

function register(given: string, config: Config): string {
  const file = resolve(given)
  if (!existsSync(file)) throw fault(`${file} is not there.`)
  const added = readOperationsFile(file)
  const before = readOperationsFile(config.operationsFile)
  const misfits = misfitsOf(readFileSync(supergraphFileOf(config), 'utf8'), added)
  if (misfits.length > 0) throw fault(['Nothing is registered: the graph does not answer', ...misfits].join('\n'))
  const after = joinOperations(before, added)
  writeOperationsFile(config.operationsFile, after)
  const known = before.length + added.length - after.length
  return `${counted(after.length - before.length)} registered, ${known} known before. ${config.operationsFile} holds ${after.length}.`
}

function list(_: string, { operationsFile }: Config): string {
  const operations = readOperationsFile(operationsFile)
  return [...operations.map(lineOf), `${operationsFile} holds ${counted(operations.length)}.`].join('\n')
}

const lineOf = ({ id, type, name }: ManifestOperation): string => `${id}  ${type} ${name}`

function retire(id: string, { operationsFile }: Config): string {
  const before = readOperationsFile(operationsFile)
  const after = before.filter((operation) => operation.id !== id)
  if (after.length === before.length) throw fault(`No operation is registered as ${id}.`)
  writeOperationsFile(operationsFile, after)
  return `${id} is registered no more. ${operationsFile} holds ${counted(after.length)}.`
}

/** By name, with the number of values each takes. */
const acts: Readonly<Record<string, { readonly act: Act; readonly takes: number }>> = {
  register: { act: register, takes: 1 },
  list: { act: list, takes: 0 },
  retire: { act: retire, takes: 1 },
}

export const operations: Command = {
  forms: ['operations register MANIFEST', 'operations list', 'operations retire ID'],
  purpose:
    'Registers the operations of a manifest (Apollo’s persisted-query manifest), all of them or none, once the graph answers each; ' +
    'lists those that are registered; takes one back. Gateways follow the file LATCHKEY_OPERATIONS_FILE within seconds.',
  async run([what = '', ...values], environment: Environment) {
    const found = Object.hasOwn(acts, what) ? acts[what] : undefined
    if (!found || values.length !== found.takes) throw misused(operations)
    return found.act(values[0] ?? '', parseConfig(environment))
  },
}
