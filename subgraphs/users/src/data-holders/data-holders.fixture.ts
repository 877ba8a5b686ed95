/** As much of the other data holders as Users asks for, told to the service `users` alone. */
import type { RecordArguments, TailArguments } from '@latchkey/audit'
import { Problem } from '@latchkey/problem'
import { createSubgraph } from '@latchkey/subgraph'
import { onlyService } from '@latchkey/subgraph/guard'
import { inProcessTransport } from '@latchkey/subgraph/in-process'
import type { Client, SubgraphTransport } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'

const typeDefs = `
  type Query {
    personalData(userId: ID!): PersonalData!
    auditRecords(limit: Int!, afterAt: DateTime, afterId: ID, actor: ID, target: ID, action: String, outcome: String,
      from: DateTime, to: DateTime): [String!]!
    auditTail(limit: Int!, after: ID, since: DateTime): [String!]!
  }
  scalar DateTime
  type Mutation {
    eraseUser(userId: ID!): ErasureReceipt!
    withdrawApiKeys(userId: ID!, since: DateTime!): ApiKeyWithdrawal!
    forgiveSignIn(email: String!): Done!
    chargeWrongTry: Done!
    forgetEndedSessions(userId: ID!, change: AccountChange!): Forgotten!
  }
  enum AccountChange { PASSWORD_CHANGED EMAIL_CHANGED FACTORS_CHANGED }
  type Forgotten { forgotten: Int! }
  type Done { outcome: String! }
  type PersonalData { holder: String! document: String! }
  type ErasureReceipt { holder: String! userId: ID! forgotten: Int! }
  type ApiKeyWithdrawal { userId: ID! withdrawn: Int! }
`

export interface DataHolderFixture {
  readonly transport: SubgraphTransport
  /** Whom it was told to forget, in order. */
  readonly erased: string[]
  /** Whose keys it was told to take back, and since when, in order. */
  readonly withdrawn: { readonly userId: string; readonly since: string }[]
  /** How many keys it says that it took back. */
  keys: number
  /** Which addresses it was told to forgive wrong tries on, and where wrong tokens came from. */
  readonly forgiven: string[]
  readonly charged: (string | undefined)[]
  /** Whose sessions it was told to forget, and by what change they ended. */
  readonly endings: { readonly userId: string; readonly change: string }[]
  /** While it is `away` it answers UNAVAILABLE. */
  state: 'well' | 'away'
  /** Tells its audit records; none unless set. */
  audited: (asked: RecordArguments) => readonly string[]
  /** Tells the end of its audit chain; none unless set. */
  tailed: (asked: TailArguments) => readonly string[]
  /** Runs before it forgets somebody, or takes keys back. */
  meanwhile: () => unknown
}

export function runDataHolder(holder: string): DataHolderFixture {
  const fixture = {
    ...{ erased: [] as string[], withdrawn: [] as { userId: string; since: string }[] },
    endings: [] as { userId: string; change: string }[],
    ...{ forgiven: [] as string[], charged: [] as (string | undefined)[] },
    ...{ state: 'well' as DataHolderFixture['state'], keys: 0, meanwhile: () => {} },
    audited: (_asked: RecordArguments): readonly string[] => [],
    tailed: (_asked: TailArguments): readonly string[] => [],
  }
  const users = onlyService('users')
  const here = () => {
    if (fixture.state === 'away') throw new Problem('UNAVAILABLE')
  }
  const subgraph = createSubgraph({
    name: holder,
    typeDefs,
    resolvers: {
      Query: {
        personalData(_parent: unknown, { userId }: { userId: string }) {
          here()
          return { holder, document: JSON.stringify({ of: userId, things: [`a thing of ${holder}`] }) }
        },
        auditRecords(_parent: unknown, asked: RecordArguments) {
          here()
          return fixture.audited(asked)
        },
        auditTail(_parent: unknown, asked: TailArguments) {
          here()
          return fixture.tailed(asked)
        },
      },
      Mutation: {
        async eraseUser(_parent: unknown, { userId }: { userId: string }) {
          here()
          await fixture.meanwhile()
          const forgotten = fixture.erased.includes(userId) ? 0 : 1
          fixture.erased.push(userId)
          return { holder, userId, forgotten }
        },
        async withdrawApiKeys(_parent: unknown, asked: { userId: string; since: string }) {
          here()
          await fixture.meanwhile()
          fixture.withdrawn.push(asked)
          return { userId: asked.userId, withdrawn: fixture.keys }
        },
        forgiveSignIn(_parent: unknown, { email }: { email: string }) {
          here()
          fixture.forgiven.push(email)
          return { outcome: 'UNLOCKED' }
        },
        chargeWrongTry(_parent: unknown, _args: unknown, { client }: { client?: Client | undefined }) {
          here()
          fixture.charged.push(client?.address)
          return { outcome: 'CHARGED' }
        },
        forgetEndedSessions(_parent: unknown, asked: { userId: string; change: string }) {
          here()
          fixture.endings.push(asked)
          return { forgotten: 1 }
        },
      },
    },
    rules: {
      Query: { personalData: users, auditRecords: users, auditTail: users },
      Mutation: {
        eraseUser: users,
        withdrawApiKeys: users,
        forgiveSignIn: users,
        chargeWrongTry: users,
        forgetEndedSessions: users,
      },
      Forgotten: users,
      Done: users,
      PersonalData: users,
      ErasureReceipt: users,
      ApiKeyWithdrawal: users,
    },
    contextFor: (_principal, { client }) => ({ client }),
    logger: silentLogger,
  })
  return Object.assign(fixture, { transport: inProcessTransport(subgraph) })
}
