/** Asks the Users subgraph about second factors and passkeys, as the service `sessions`. */
import type { ServicePrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import type { Asking, FactorCheck, FactorVerdict, ShownFactor } from './factor-check.ts'

const check = `mutation CheckSecondFactor($userId: ID!, $reference: ID!, $shown: ShownFactorInput!) {
  checkSecondFactor(userId: $userId, reference: $reference, shown: $shown) { outcome userId sessionEpoch }
}`
const checkPasskey = `mutation CheckPasskey($challenge: String!, $response: String!) {
  checkPasskey(challenge: $challenge, response: $response) { outcome userId sessionEpoch }
}`
const passkeyOptions = `query PasskeyOptions($challenge: String!, $userId: ID) {
  passkeyOptions(challenge: $challenge, userId: $userId) { options }
}`
const means = 'query MeansOf($userId: ID!) { meansOf(userId: $userId) { email factors } }'
const sendEmailCode = `mutation SendEmailCode($userId: ID!, $reference: ID!, $purpose: EmailCodePurpose) {
  sendEmailCode(userId: $userId, reference: $reference, purpose: $purpose) { outcome }
}`

const asSessions: ServicePrincipal = { kind: 'service', name: 'sessions', scopes: [] }

const verdict = z
  .discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('MATCH'), userId: z.string().min(1), sessionEpoch: z.int() }),
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
  /** Whatever is not a clear answer is none: nobody is signed in by a misunderstanding. */
  async function ask<Answer>(
    { query, variables }: { query: string; variables: Record<string, unknown> },
    schema: z.ZodType<Answer>,
    { requestId, address, userAgent = '' }: Asking,
  ): Promise<Answer> {
    const client = address === undefined ? undefined : { address, userAgent }
    const { data, errors = [] } = await users({ query, variables, principal: asSessions, requestId, client })
    const [error] = errors
    if (error?.extensions?.code === 'UNAVAILABLE') throw new Problem('UNAVAILABLE', 'users cannot check a factor')
    const known = schema.safeParse(Object.values(data ?? {})[0])
    if (error || !known.success) throw new Problem('INTERNAL', `users answered ${error?.message ?? 'something else'}`)
    return known.data
  }

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
