/** As much of Users as Sessions asks for: whether a password is right, told to the service `sessions` alone. */
import { Problem } from '@latchkey/problem'
import { createSubgraph } from '@latchkey/subgraph'
import { allow, onlyService } from '@latchkey/subgraph/guard'
import { inProcessTransport } from '@latchkey/subgraph/in-process'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'

const typeDefs = `
  type Query { checkPassword(email: String!, password: String!): PasswordCheck! }
  type PasswordCheck { outcome: PasswordCheckOutcome! userId: ID namedUserId: ID sessionEpoch: Int }
  enum PasswordCheckOutcome { MATCH NO_MATCH }
`

export interface AskedCredentials {
  readonly email: string
  readonly password: string
}

export interface UsersFixture {
  readonly transport: SubgraphTransport
  /** Everything that was asked, in order. */
  readonly asked: AskedCredentials[]
  /** Answers UNAVAILABLE while it is `overloaded`. */
  state: 'well' | 'overloaded'
  /** What a session that begins now is kept with. */
  sessionEpoch: number
}

/** Knows ada@example.org and eve@example.org, both with the password `correct horse`. */
export function runUsers(): UsersFixture {
  const fixture = { asked: [] as AskedCredentials[], state: 'well' as UsersFixture['state'], sessionEpoch: 0 }
  const accounts = new Map([
    ['ada@example.org', 'usr_ada'],
    ['eve@example.org', 'usr_eve'],
  ])

  function checkPassword(_parent: unknown, credentials: AskedCredentials) {
    if (fixture.state === 'overloaded') throw new Problem('UNAVAILABLE')
    fixture.asked.push(credentials)
    const userId = accounts.get(credentials.email.trim().toLowerCase())
    return userId && credentials.password === 'correct horse'
      ? { outcome: 'MATCH', userId, sessionEpoch: fixture.sessionEpoch }
      : { outcome: 'NO_MATCH', namedUserId: userId }
  }

  const subgraph = createSubgraph({
    name: 'users',
    typeDefs,
    resolvers: { Query: { checkPassword } },
    rules: { Query: { checkPassword: onlyService('sessions') }, PasswordCheck: allow },
    contextFor: () => ({}),
    logger: silentLogger,
  })
  return Object.assign(fixture, { transport: inProcessTransport(subgraph) })
}
