/** Asks the Users subgraph whether a password is right, as the service `sessions`. */
import { Problem } from '@latchkey/problem'
import type { SubgraphResponse, SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { asSessions } from '../users-question.ts'
import type { PasswordCheck, PasswordVerdict } from './password-check.ts'
import { sessionLimit } from './session-limit.users.ts'

const query = `query CheckPassword($email: String!, $password: String!) {
  checkPassword(email: $email, password: $password) { outcome userId namedUserId sessionEpoch secondFactors sessionLimit { max onExcess } }
}`

const answer = z.object({
  checkPassword: z.discriminatedUnion('outcome', [
    z.object({
      outcome: z.literal('MATCH'),
      userId: z.string().min(1),
      sessionEpoch: z.int(),
      secondFactors: z.array(z.enum(['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE'])),
      sessionLimit,
    }),
    z.object({ outcome: z.literal('NO_MATCH'), namedUserId: z.string().nullish() }),
  ]),
})

/** Whatever is not a clear yes or no is no answer: nobody is signed in by a misunderstanding. */
function verdictOf({ data, errors }: SubgraphResponse): PasswordVerdict {
  const [error] = errors ?? []
  if (error?.extensions?.code === 'UNAVAILABLE') throw new Problem('UNAVAILABLE', 'users cannot check a password')
  const { data: known } = answer.safeParse(data)
  if (error || !known) throw new Problem('INTERNAL', `users answered ${error?.message ?? 'something else'}`)
  const { checkPassword } = known
  return checkPassword.outcome === 'MATCH'
    ? {
        outcome: 'match',
        userId: checkPassword.userId,
        namedUserId: checkPassword.userId,
        sessionEpoch: checkPassword.sessionEpoch,
        secondFactors: checkPassword.secondFactors,
        sessionLimit: checkPassword.sessionLimit,
      }
    : { outcome: 'no match', namedUserId: checkPassword.namedUserId ?? null }
}

export const usersPasswordCheck =
  (users: SubgraphTransport): PasswordCheck =>
  async (credentials, requestId) =>
    verdictOf(await users({ query, variables: { ...credentials }, principal: asSessions, requestId }))
