/** Asks the Users subgraph what an account is permitted. */
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { usersQuestion } from '../users-question.ts'
import type { AskGrants } from './known-grants.ts'

const query = `query KnownGrants($id: ID!) {
  grants(userId: $id) { userId epoch active activeFrom activeUntil roles scopes sessionEpoch sessionKept keysDoubted }
}`

const moment = z
  .string()
  .nullish()
  .transform((text) => (text == null ? null : Date.parse(text)))

const grants = z
  .object({
    ...{ userId: z.string(), epoch: z.int(), active: z.boolean(), activeFrom: moment, activeUntil: moment },
    ...{ roles: z.array(z.string()), scopes: z.array(z.string()) },
    ...{ sessionEpoch: z.int(), sessionKept: z.string().nullish(), keysDoubted: z.boolean() },
  })
  .transform(({ activeFrom, activeUntil, sessionKept = null, ...told }) => ({
    ...told,
    ...{ sessionKept, activeFromMs: activeFrom, activeUntilMs: activeUntil },
  }))
  .nullable()

export function usersGrants(users: SubgraphTransport): AskGrants {
  const ask = usersQuestion(users)
  return (id, requestId) => ask({ query, variables: { id } }, grants, { requestId })
}
