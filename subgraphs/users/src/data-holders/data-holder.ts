/** Data holders: the subgraphs besides this one that hold something of a person. They are asked as the service `users`. */
import { type Entropy, newId } from '@latchkey/clock'
import type { ServicePrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { SubgraphResponse, SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'

export interface DataHolder {
  /** The name of the subgraph. */
  readonly name: string
  /** Everything it holds of a person, without secrets. Rejects with UNAVAILABLE when it cannot answer now. */
  personalData(userId: string): Promise<unknown>
  /** Has it forget a person for ever; answers how many things it forgot just now. Rejects when there is no receipt. */
  eraseUser(userId: string): Promise<number>
}

/** The holder of API keys. */
export interface KeyHolder {
  /** Takes back what was made or changed since; how many that were, now and before. Rejects when there is no receipt. */
  withdrawKeys(userId: string, since: Date): Promise<number>
}

/** By name, how each is asked. */
export type DataHolderTransports = Readonly<Record<string, SubgraphTransport>>

const personalData = 'query PersonalData($userId: ID!) { personalData(userId: $userId) { document } }'
const eraseUser = 'mutation EraseUser($userId: ID!) { eraseUser(userId: $userId) { userId forgotten } }'

const withdrawKeys = `mutation WithdrawApiKeys($userId: ID!, $since: DateTime!) {
  withdrawApiKeys(userId: $userId, since: $since) { userId withdrawn } }`

const shown = z.object({ personalData: z.object({ document: z.string() }) })
const receipt = z.object({ eraseUser: z.object({ userId: z.string(), forgotten: z.int() }) })

const withdrawal = z.object({ withdrawApiKeys: z.object({ userId: z.string(), withdrawn: z.int() }) })

export const asUsers: ServicePrincipal = { kind: 'service', name: 'users', scopes: [] }

/** What was asked for and nothing else: a person is not erased by a misunderstanding. */
function answerOf<Answer>(name: string, { data, errors }: SubgraphResponse, form: z.ZodType<Answer>): Answer {
  const [error] = errors ?? []
  if (error?.extensions?.code === 'UNAVAILABLE') throw new Problem('UNAVAILABLE', `${name} cannot answer now`)
  const { data: known } = form.safeParse(data)
  if (error || !known) throw new Problem('INTERNAL', `${name} answered ${error?.message ?? 'something else'}`)
  return known
}

const somebodyElse = (name: string) => new Problem('INTERNAL', `${name} gave a receipt for somebody else`)

type Variables = Readonly<Record<string, string>>

const asking = (transport: SubgraphTransport, entropy: Entropy) => (query: string, variables: Variables) =>
  transport({ query, variables, principal: asUsers, requestId: newId(entropy, 'req') })

export function createDataHolders(transports: DataHolderTransports, entropy: Entropy): readonly DataHolder[] {
  return Object.entries(transports).map(([name, transport]) => {
    const ask = asking(transport, entropy)
    return {
      name,
      personalData: async (userId) =>
        JSON.parse(answerOf(name, await ask(personalData, { userId }), shown).personalData.document),
      async eraseUser(userId) {
        const { eraseUser: given } = answerOf(name, await ask(eraseUser, { userId }), receipt)
        if (given.userId !== userId) throw somebodyElse(name)
        return given.forgotten
      },
    }
  })
}

export const createKeyHolder = (transports: DataHolderTransports, entropy: Entropy): KeyHolder => ({
  async withdrawKeys(userId, since) {
    const name = 'api-keys'
    const transport = transports[name]
    if (!transport) throw new Problem('UNAVAILABLE', `no transport leads to ${name}`)
    const answer = await asking(transport, entropy)(withdrawKeys, { userId, since: since.toISOString() })
    const { withdrawApiKeys: given } = answerOf(name, answer, withdrawal)
    if (given.userId !== userId) throw somebodyElse(name)
    return given.withdrawn
  },
})
