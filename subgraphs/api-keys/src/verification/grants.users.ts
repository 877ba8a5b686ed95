/** Asks the Users subgraph what the owner of a key is permitted, where the records have not heard of it. Users leaves it there. */
import type { GrantsRecord } from '@latchkey/principal/credential-records'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { usersQuestion } from '../users-question.ts'

const query = `query OwnerOfPresentedKey($userId: ID!) {
  grants(userId: $userId) { userId epoch active activeFrom activeUntil roles scopes sessionEpoch sessionKept keysDoubted }
}`

const moment = z.string().nullable()

const grants = z
  .object({
    ...{ userId: z.string(), epoch: z.number(), active: z.boolean(), activeFrom: moment, activeUntil: moment },
    ...{ roles: z.array(z.string()), scopes: z.array(z.string()), keysDoubted: z.boolean() },
    ...{ sessionEpoch: z.number(), sessionKept: z.string().nullable() },
  })
  .nullable()

const momentOf = (text: string | null): number | null => (text === null ? null : Date.parse(text))

/** `null`: there is no such account. Rejects with UNAVAILABLE when Users cannot say. */
export function usersGrants(users: SubgraphTransport): (ownerId: string) => Promise<GrantsRecord | null> {
  const ask = usersQuestion(users)
  return async (userId) => {
    const found = await ask({ query, variables: { userId }, requestId: 'api-keys-grants' }, grants)
    if (!found) return null
    const { activeFrom, activeUntil, ...record } = found
    return { ...record, activeFromMs: momentOf(activeFrom), activeUntilMs: momentOf(activeUntil) }
  }
}
