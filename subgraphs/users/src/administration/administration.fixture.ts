/** Administrators at work, for tests. */
import type { UserPrincipal } from '@latchkey/principal'
import { aService } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { aMember, field, type UsersUnderTest } from '../application.fixture.ts'
import type { UsersApplication } from '../subgraph.ts'

interface Grants {
  readonly epoch: number
  readonly active: boolean
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly sessionEpoch: number
}

export async function grantsOf(users: UsersApplication, userId: string): Promise<Grants> {
  const query = 'query ($id: ID!) { grants(userId: $id) { epoch active roles scopes sessionEpoch } }'
  return field((await ask(users.subgraph, aService('gateway'), query, { id: userId })).data, 'grants')
}

/** What every process knows of an account. */
export const recorded = (under: UsersUnderTest, userId: string) => under.records.grants(userId)

/** The person, holding what their roles permit at this moment. */
export async function asNow(under: UsersUnderTest, person: UserPrincipal): Promise<UserPrincipal> {
  const { roles, scopes } = await grantsOf(under.users, person.userId)
  return { ...person, roles, scopes }
}

export async function anAdministrator(under: UsersUnderTest, email: string): Promise<UserPrincipal> {
  const person = await aMember(under.users, email)
  await under.users.grantRole(email, 'admin')
  return asNow(under, person)
}

/** Asks a mutation with one input; answers what it gave, or the code it was refused with. */
export async function mutate(
  users: UsersApplication,
  by: UserPrincipal,
  name: string,
  input: Record<string, unknown>,
  selection = '__typename',
) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`
  const query = `mutation ($input: ${type}) { ${name}(input: $input) { ${selection} } }`
  const { data, errors } = await ask(users.subgraph, by, query, { input })
  return {
    given: data?.[name] as Record<string, unknown> | null,
    code: errors?.[0]?.extensions?.code,
    error: errors?.[0],
  }
}

export const restore = async (users: UsersApplication, by: UserPrincipal, id: string) =>
  (await ask(users.subgraph, by, 'mutation ($id: ID!) { restoreUser(id: $id) { user { status } } }', { id }))
    .errors?.[0]?.extensions?.code ?? 'ok'
