/** Asks the Users subgraph about second factors and passkeys, as the service `sessions`. */
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { usersQuestion } from '../users-question.ts'
import type { FactorCheck, FactorVerdict, ShownFactor } from './factor-check.ts'
import { sessionLimit } from './session-limit.users.ts'

const check = `mutation CheckSecondFactor($userId: ID!, $reference: ID!, $shown: ShownFactorInput!) {
  checkSecondFactor(userId: $userId, reference: $reference, shown: $shown) { outcome userId sessionEpoch sessionLimit { max onExcess } }
}`
const checkPasskey = `mutation CheckPasskey($challenge: String!, $response: String!) {
  checkPasskey(challenge: $challenge, response: $response) { outcome userId sessionEpoch sessionLimit { max onExcess } }
}`
const passkeyOptions = `query PasskeyOptions($challenge: String!, $userId: ID) {
  passkeyOptions(challenge: $challenge, userId: $userId) { options }
}`
const means = 'query MeansOf($userId: ID!) { meansOf(userId: $userId) { email factors } }'
const sendEmailCode = `mutation SendEmailCode($userId: ID!, $reference: ID!, $purpose: EmailCodePurpose) {
  sendEmailCode(userId: $userId, reference: $reference, purpose: $purpose) { outcome }
}`

const verdict = z
  .discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('MATCH'), userId: z.string().min(1), sessionEpoch: z.int(), sessionLimit }),
    z.object({ outcome: z.literal('NO_MATCH') }),
  ])
  .transform(
    (known): FactorVerdict => (known.outcome === 'MATCH' ? { ...known, outcome: 'match' } : { outcome: 'no match' }),
  )

const knownMeans = z.object({
  email: z.string().min(1),
  factors: z.array(z.enum(['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE'])),
})

const variableOf = { TOTP: 'totp', RECOVERY_CODE: 'recoveryCode', EMAIL_CODE: 'emailCode' } as const

const inputOf = (shown: ShownFactor): Record<string, unknown> =>
  shown.factor === 'PASSKEY' ? { passkey: shown.proof } : { [variableOf[shown.factor]]: shown.text }

export function usersFactorCheck(users: SubgraphTransport): FactorCheck {
  const ask = usersQuestion(users)

  return {
    check: ({ userId, reference, shown }, asking) =>
      ask({ query: check, variables: { userId, reference, shown: inputOf(shown) } }, verdict, asking),
    checkPasskey: (proof, asking) => ask({ query: checkPasskey, variables: { ...proof } }, verdict, asking),
    async passkeyOptions(variables, asking) {
      const answer = z.object({ options: z.string().min(2) })
      return (await ask({ query: passkeyOptions, variables }, answer, asking)).options
    },
    means: (userId, asking) => ask({ query: means, variables: { userId } }, knownMeans.nullable(), asking),
    async sendEmailCode(variables, asking) {
      const answer = z.object({ outcome: z.enum(['SENT', 'NOT_SENT']) })
      return (await ask({ query: sendEmailCode, variables }, answer, asking)).outcome
    },
  }
}
