/** Asks the Users subgraph something, as the service `api-keys`. Whatever is not a clear answer is none. */
import { secondMs } from '@latchkey/clock'
import type { ServicePrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { z } from 'zod'

export interface Question {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly requestId: string
}

/** Rejects with UNAVAILABLE when Users cannot say. */
export type AskUsers = <Answer>(question: Question, form: z.ZodType<Answer>) => Promise<Answer>

const asApiKeys: ServicePrincipal = { kind: 'service', name: 'api-keys', scopes: [] }

/** Shorter than a transaction may take: notices are delivered within one. */
const patienceMs = 3 * secondMs

export const usersQuestion =
  (users: SubgraphTransport): AskUsers =>
  async ({ query, variables, requestId }, form) => {
    const signal = AbortSignal.timeout(patienceMs)
    const { data, errors = [] } = await users({ query, variables, principal: asApiKeys, requestId, signal })
    const [error] = errors
    if (error) throw new Problem('UNAVAILABLE', `users answered ${error.extensions?.code ?? error.message}`)
    const known = form.safeParse(Object.values(data ?? {})[0])
    if (!known.success) throw new Problem('INTERNAL', 'users answered something else')
    return known.data
  }
