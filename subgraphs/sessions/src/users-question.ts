/** Asks the Users subgraph something about a sign-in, as the service `sessions`. Whatever is not a clear answer is none. */
import type { ServicePrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { SubgraphResponse, SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'

/** Who asks, and from where: for the audit record of what is used up. */
export interface Asking {
  readonly requestId: string
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  readonly languages?: string | undefined
}

export interface Question {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** Rejects with UNAVAILABLE when Users cannot say, and with what the caller of Sessions did wrong. */
export type AskUsers = <Answer>(question: Question, schema: z.ZodType<Answer>, asking: Asking) => Promise<Answer>

/** As whom Users is asked. */
export const asSessions: ServicePrincipal = { kind: 'service', name: 'sessions', scopes: [] }

const callersFault = z.discriminatedUnion('code', [
  z.object({ code: z.literal('RATE_LIMITED'), retryAfterMs: z.number() }),
  z.object({ code: z.literal('BAD_USER_INPUT'), fields: z.record(z.string(), z.string()) }),
])

type Fault = NonNullable<SubgraphResponse['errors']>[number]

function problemOf({ message, extensions }: Fault): Problem {
  if (extensions?.code === 'UNAVAILABLE') return new Problem('UNAVAILABLE', 'users cannot answer')
  const { data: known } = callersFault.safeParse(extensions)
  if (!known) return new Problem('INTERNAL', `users answered ${message}`)
  const { code, ...facts } = known
  return new Problem(code, message, facts)
}

export const usersQuestion =
  (users: SubgraphTransport): AskUsers =>
  async ({ query, variables }, schema, { requestId, address, userAgent = '', languages }) => {
    const client = address === undefined ? undefined : { address, userAgent, languages }
    const { data, errors = [] } = await users({ query, variables, principal: asSessions, requestId, client })
    const [error] = errors
    if (error) throw problemOf(error)
    const known = schema.safeParse(Object.values(data ?? {})[0])
    if (!known.success) throw new Problem('INTERNAL', 'users answered something else')
    return known.data
  }
