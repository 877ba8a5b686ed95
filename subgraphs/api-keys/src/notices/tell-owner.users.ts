/** Asks the Users subgraph to tell the owner of a key: it knows their address, and who answers for a service account. */
import { apiKeyPrefix } from '@latchkey/principal/api-key-text'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { usersQuestion } from '../users-question.ts'
import { daysLeft } from './notice.ts'
import type { TellOwner } from './tell-owner.ts'

const query = 'mutation SendKeyNotice($input: SendKeyNoticeInput!) { sendKeyNotice(input: $input) { outcome } }'
const answer = z.object({ outcome: z.enum(['SENT', 'NOBODY']) })

export const usersTellOwner = (users: SubgraphTransport): TellOwner => {
  const ask = usersQuestion(users)
  return async ({ key, kind, notice, now }) => {
    const { id, ownerId, name, environment, lastFour, expiresAt, lastUsedAt } = key
    const ref = `key-notice_${id}_${notice}_${expiresAt.getTime()}`
    const input = {
      ...{ ref, ownerId, kind, name, lastFour },
      prefix: apiKeyPrefix({ environment, keyId: id }),
      endsAt: expiresAt.toISOString(),
      daysLeft: daysLeft(expiresAt, now),
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
    }
    await ask({ query, variables: { input }, requestId: `notice-${id}` }, answer)
  }
}
