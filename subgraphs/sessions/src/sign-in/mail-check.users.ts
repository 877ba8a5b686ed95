/** Asks the Users subgraph for mails to sign in with, and what a link or a code from one is worth. */
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { usersQuestion } from '../users-question.ts'
import type { MailCheck, MailVerdict } from './mail-check.ts'
import { sessionLimit } from './session-limit.users.ts'

const verdictFields = '{ outcome userId namedUserId sessionEpoch secondFactors sessionLimit { max onExcess } }'
const send = `mutation SendSignInMail($email: String!) { sendSignInMail(email: $email) { reference } }`
const checkLink = `mutation CheckSignInLink($token: String!) { checkSignInLink(token: $token) ${verdictFields} }`
const checkCode = `mutation CheckSignInCode($reference: ID!, $code: String!) {
  checkSignInCode(reference: $reference, code: $code) ${verdictFields}
}`

const sent = z.object({ reference: z.string().min(1) })

const verdict = z
  .discriminatedUnion('outcome', [
    z.object({
      outcome: z.literal('MATCH'),
      userId: z.string().min(1),
      sessionEpoch: z.int(),
      secondFactors: z.array(z.enum(['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE'])),
      sessionLimit,
    }),
    z.object({ outcome: z.literal('NO_MATCH'), namedUserId: z.string().nullish() }),
  ])
  .transform(
    (known): MailVerdict =>
      known.outcome === 'MATCH'
        ? { ...known, outcome: 'match' }
        : { outcome: 'no match', namedUserId: known.namedUserId ?? null },
  )

export function usersMailCheck(users: SubgraphTransport): MailCheck {
  const ask = usersQuestion(users)
  return {
    send: (email, asking) => ask({ query: send, variables: { email } }, sent, asking),
    checkLink: (token, asking) => ask({ query: checkLink, variables: { token } }, verdict, asking),
    checkCode: (shown, asking) => ask({ query: checkCode, variables: { ...shown } }, verdict, asking),
  }
}
