/** Composition: `supergraph.yaml` and the schemas it names become `supergraph.graphql`. */
import { existsSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { lostAssurance } from '@latchkey/subgraph/linked-directives'
import { oneLineOf } from '@latchkey/subgraph/supergraph-place'
import { composeServices } from '@theguild/federation-composition'
import { type DocumentNode, type GraphQLError, parse, Source } from 'graphql'
import { lintAccess } from './compose-lint.ts'
import { emptySets } from './empty-sets.ts'
import { fetchSchemas } from './fetch-schemas.ts'
import {
  type FetchedSchemas,
  messageOf,
  readSupergraphConfig,
  readText,
  remoteSchemasIn,
  type SubgraphSource,
  type SupergraphConfig,
} from './supergraph-config.ts'
import { ungrantedReads } from './ungranted-reads.ts'

export { readSupergraphConfig } from './supergraph-config.ts'

const watchPauseMs = 500

/** What composed may still have lines worth reading. */
export type Composition =
  | { readonly sdl: string; readonly warnings: readonly string[] }
  | { readonly errors: readonly string[] }

/** Composes without touching anything. Each error is one line that begins with the file at fault, where there is one. */
export function composeSupergraph({ subgraphs }: SupergraphConfig): Composition {
  const parsed = subgraphs.map(parseSubgraph)
  const unreadable = parsed.flatMap((each) => (typeof each === 'string' ? [each] : []))
  if (unreadable.length > 0) return { errors: unreadable }
  const services = parsed.flatMap((each) => (typeof each === 'string' ? [] : [each]))
  const { supergraphSdl, errors } = composeServices(services)
  if (errors) return { errors: errors.map((error) => describe(error, subgraphs)) }
  const files = new Map(subgraphs.map(({ name, file }) => [name, file]))
  const linted = services.map(({ name, typeDefs }) => ({ name, typeDefs, file: files.get(name) ?? name }))
  const lint = lintAccess(supergraphSdl, linted)
  const mistakes = [...lint.errors, ...ungrantedReads(supergraphSdl, linted)]
  if (mistakes.length > 0) return { errors: mistakes }
  return { sdl: `${supergraphSdl.trimEnd()}\n`, warnings: lint.warnings }
}

function parseSubgraph({
  name,
  url,
  file,
  sdl,
}: SubgraphSource): { name: string; url: string; typeDefs: DocumentNode } | string {
  try {
    const typeDefs = parse(new Source(sdl, file))
    const lost = lostAssurance(typeDefs)
    if (lost) return oneLineOf(`@${lost} is used and would be lost: add @composeDirective(name: "@${lost}")`, file, sdl)
    const empty = emptySets(typeDefs)
    if (empty) return oneLineOf(empty, file, sdl)
    return { name, url, typeDefs }
  } catch (thrown) {
    return oneLineOf(thrown, file, sdl)
  }
}

function describe(error: GraphQLError, subgraphs: readonly SubgraphSource[]): string {
  const code = typeof error.extensions.code === 'string' ? ` (${error.extensions.code})` : ''
  const blamed = subgraphs.find(({ name }) => name === error.extensions.subgraphName)
  if (blamed) return `${oneLineOf(error, blamed.file, blamed.sdl)}${code}`
  const [first, ...others] = subgraphs.filter(({ name }) => namesSubgraph(error, name))
  if (!first) return `${oneLineOf(error, 'supergraph')}${code}`
  const besides = others.length > 0 ? ` (see also ${others.map(({ file }) => file).join(', ')})` : ''
  return `${oneLineOf(error, first.file, first.sdl)}${code}${besides}`
}

const namesSubgraph = ({ message }: GraphQLError, name: string): boolean =>
  message.includes(`"${name}"`) || message.startsWith(`[${name}]`)

/** What the command says and how it ends. */
export interface ComposeReport {
  readonly exitCode: 0 | 1
  readonly lines: readonly string[]
}

/**
 * The command: `[--check] [--config FILE] [--output FILE] [--watch]`. Without `--output` the result stands beside the configuration as
 * `supergraph.graphql`. With `--check` nothing is written, and a stale result is a failure. A failure leaves the output as it was.
 */
export function composeCommand(args: readonly string[], fetched: FetchedSchemas = new Map()): ComposeReport {
  try {
    const { check, config, output } = readArguments(args)
    const composition = composeSupergraph(readSupergraphConfig(config, fetched))
    if ('errors' in composition) return { exitCode: 1, lines: composition.errors }
    const { exitCode, lines } = check === true ? checkFresh(output, composition.sdl) : write(output, composition.sdl)
    return { exitCode, lines: [...composition.warnings, ...lines] }
  } catch (thrown) {
    return { exitCode: 1, lines: [messageOf(thrown)] }
  }
}

/** The same, with the schemas that subgraphs tell themselves. */
async function fetchAndCompose(args: readonly string[]): Promise<ComposeReport> {
  try {
    return composeCommand(args, await fetchSchemas(remoteSchemasIn(readArguments(args).config)))
  } catch (thrown) {
    return { exitCode: 1, lines: [messageOf(thrown)] }
  }
}

function readArguments(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ check: { type: 'boolean' }, watch: { type: 'boolean' } },
      ...{ config: { type: 'string' }, output: { type: 'string' } },
    },
  })
  const { config = 'supergraph.yaml' } = values
  return {
    ...{ check: values.check, config },
    output: values.output ?? join(dirname(config), 'supergraph.graphql'),
  }
}

function checkFresh(output: string, sdl: string): ComposeReport {
  const state = !existsSync(output) ? 'missing' : readText(output, 'the supergraph') === sdl ? 'fresh' : 'stale'
  if (state === 'fresh') return { exitCode: 0, lines: [`${output} is fresh`] }
  return { exitCode: 1, lines: [`${output} is ${state}: run \`npm run compose\` and commit what it writes`] }
}

function write(output: string, sdl: string): ComposeReport {
  const unfinished = `${output}.${process.pid}.tmp`
  try {
    writeFileSync(unfinished, sdl)
    renameSync(unfinished, output)
  } catch (thrown) {
    rmSync(unfinished, { force: true })
    throw thrown
  }
  return { exitCode: 0, lines: [`${output} written`] }
}

function tell({ exitCode, lines }: ComposeReport): void {
  for (const line of lines) (exitCode === 0 ? console.log : console.error)(line)
}

/** Composes whenever what is composed has changed, and tells what it wrote, and what is wrong when that is something new. */
async function keepComposing(args: readonly string[]): Promise<never> {
  for (let told = ''; ; await pause(watchPauseMs)) {
    const stale = await fetchAndCompose([...args, '--check'])
    const report = stale.exitCode === 0 ? stale : await fetchAndCompose(args)
    const words = report.lines.join('\n')
    const isNew = report.exitCode === 0 || words !== told
    if (told === '' || (stale.exitCode !== 0 && isNew)) tell(report)
    told = words
  }
}

const started = process.argv[1]
if (started !== undefined && existsSync(started) && realpathSync(started) === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2)
  if (args.includes('--watch')) await keepComposing(args)
  const report = await fetchAndCompose(args)
  tell(report)
  process.exitCode = report.exitCode
}
