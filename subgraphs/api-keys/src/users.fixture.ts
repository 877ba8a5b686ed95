/** As much of Users as ApiKeys asks for, told to the service `api-keys` alone. */
import { Problem } from '@latchkey/problem'
import { createSubgraph } from '@latchkey/subgraph'
import { onlyService } from '@latchkey/subgraph/guard'
import { inProcessTransport } from '@latchkey/subgraph/in-process'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'

const typeDefs = `
  type Query { grants(userId: ID!): Grants }
  type Grants { active: Boolean! }
  type Mutation { sendKeyNotice(input: SendKeyNoticeInput!): SendKeyNoticePayload! }
  scalar DateTime
  enum KeyNoticeKind { EXPIRES OVERLAP_ENDS }
  enum Outcome { SENT NOBODY }
  input SendKeyNoticeInput {
    ref: ID! ownerId: ID! kind: KeyNoticeKind! name: String! prefix: String! lastFour: String!
    endsAt: DateTime! daysLeft: Int! lastUsedAt: DateTime
  }
  type SendKeyNoticePayload { outcome: Outcome! }
`

interface Notice {
  readonly ref: string
  readonly ownerId: string
  readonly kind: string
  readonly name: string
  readonly prefix: string
  readonly daysLeft: number
  readonly lastUsedAt: string | null
}

export interface UsersFixture {
  readonly transport: SubgraphTransport
  /** Whether each account is active; who is not here does not exist. */
  readonly accounts: Map<string, boolean>
  /** What it was told to tell, in order. */
  readonly notices: Notice[]
  /** Whether it answers at all. */
  state: 'up' | 'down'
}

export function runUsers(): UsersFixture {
  const accounts = new Map<string, boolean>()
  const notices: Notice[] = []
  const apiKeys = onlyService('api-keys')
  const subgraph = createSubgraph({
    name: 'users',
    typeDefs,
    resolvers: {
      Query: {
        grants: (_: unknown, { userId }: { userId: string }) => {
          const active = accounts.get(userId)
          return active === undefined ? null : { active }
        },
      },
      Mutation: {
        sendKeyNotice: (_: unknown, { input }: { input: Notice }) => {
          notices.push(input)
          return { outcome: 'SENT' }
        },
      },
    },
    rules: {
      Query: { grants: apiKeys },
      Grants: apiKeys,
      Mutation: { sendKeyNotice: apiKeys },
      SendKeyNoticePayload: apiKeys,
    },
    services: {},
    contextFor: () => ({}),
    logger: silentLogger,
  })
  const answer = inProcessTransport(subgraph)
  const fixture: UsersFixture = {
    accounts,
    notices,
    state: 'up',
    transport: async (request) => {
      if (fixture.state === 'down') throw new Problem('UNAVAILABLE', 'users is down')
      return answer(request)
    },
  }
  return fixture
}
