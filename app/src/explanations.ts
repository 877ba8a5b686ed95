/** What an operator asks about access: whether somebody may run an operation, why, and what would have to change. */
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Gateway } from '@latchkey/gateway'
import type { UsersApplication } from '@latchkey/users'
import { fault, systemCode } from './embedded/fault.ts'
import { treeOf } from './explanation-tree.ts'

/** By what name a running process is asked. */
export const explainCommand = 'explain'

export const explainForm =
  'explain [--user EMAIL | --key ID | --role NAME … | --anonymous] [--supergraph FILE] [--name NAME] OPERATION|FILE'

export interface Explained {
  readonly text: string
  /** 0 when it is permitted. */
  readonly exitCode: number
}

/** Takes the words of the command; rejects with a line that says what is wrong with them. */
export type Explanations = (...values: string[]) => Promise<Explained>

interface Applications {
  readonly gateway: Pick<Gateway, 'explain'>
  readonly users: Pick<UsersApplication, 'roles' | 'accountIdOf'>
}

/** Of nobody who is signed in, unless it is said of whom. */
export const createExplanations =
  ({ gateway, users }: Applications): Explanations =>
  async (...values) => {
    const { operation, operationName, supergraph, ...who } = wordsIn(values)
    const explanation = await gateway.explain(
      { operation: existsSync(operation) ? read(operation) : operation, operationName, as: await asOf(who, users) },
      { roles: await users.roles(), supergraphSdl: supergraph === undefined ? undefined : read(supergraph) },
    )
    return { text: treeOf(explanation), exitCode: explanation.decision === 'PERMITTED' ? 0 : 1 }
  }

const options = {
  user: { type: 'string' },
  key: { type: 'string' },
  role: { type: 'string', multiple: true },
  anonymous: { type: 'boolean' },
  supergraph: { type: 'string' },
  name: { type: 'string' },
} as const

function wordsIn(values: readonly string[]) {
  const { values: given, positionals } = parse(values)
  const { user, key, role: roles, anonymous, supergraph, name: operationName = null } = given
  const whose = [user, key, roles, anonymous].filter((each) => each !== undefined)
  const [operation, ...more] = positionals
  if (operation === undefined || more.length > 0 || whose.length > 1) throw misused()
  return { operation, operationName, supergraph, user, key, roles }
}

function parse(values: readonly string[]) {
  try {
    return parseArgs({ args: [...values], allowPositionals: true, options })
  } catch {
    throw misused()
  }
}

const misused = () => fault(`Call it like this: ${explainForm}`)

type Who = Pick<ReturnType<typeof wordsIn>, 'user' | 'key' | 'roles'>

async function asOf({ user, key, roles }: Who, users: Applications['users']) {
  if (key !== undefined) return { apiKeyId: key }
  if (roles !== undefined) return { roles }
  if (user === undefined) return { anonymous: true }
  const userId = await users.accountIdOf(user)
  if (userId === null) throw fault(`There is no account ${user}.`)
  return { userId }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    throw fault(`${file} cannot be read (${systemCode(thrown)}).`, thrown)
  }
}
