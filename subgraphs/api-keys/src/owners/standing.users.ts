/** Asks the Users subgraph how an account stands. */
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { usersQuestion } from '../users-question.ts'
import type { OwnerStandings } from './standing.ts'

const query = 'query OwnerOfKey($userId: ID!) { grants(userId: $userId) { active } }'
const answer = z.object({ active: z.boolean() }).nullable()

export const usersOwnerStandings = (users: SubgraphTransport): OwnerStandings => {
  const ask = usersQuestion(users)
  return {
    async of(userId, requestId) {
      const found = await ask({ query, variables: { userId }, requestId }, answer)
      if (!found) return 'unknown'
      return found.active ? 'active' : 'inactive'
    },
  }
}
