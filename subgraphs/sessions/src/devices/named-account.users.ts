/** Asks the Users subgraph, as the service `sessions`, which account an address names. */
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { asSessions } from '../users-question.ts'
import type { NamedAccount } from './service.ts'

const query = 'query NamedAccount($email: String!) { namedAccount(email: $email) { userId } }'

const answer = z.object({ namedAccount: z.object({ userId: z.string().nullish() }) })

export const usersNamedAccount =
  (users: SubgraphTransport): NamedAccount =>
  async (email, requestId) => {
    const { data, errors } = await users({ query, variables: { email }, principal: asSessions, requestId })
    const known = answer.safeParse(data)
    if (errors?.length || !known.success)
      throw new Problem('UNAVAILABLE', `users cannot say whose an address is: ${errors?.[0]?.message ?? 'no answer'}`)
    return known.data.namedAccount.userId ?? null
  }
