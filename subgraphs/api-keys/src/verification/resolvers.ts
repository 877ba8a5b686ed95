/** GraphQL in, records and verdicts out. */
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { keyRefusals } from '@latchkey/principal/key-refusal'
import type { GuardedContext } from '@latchkey/subgraph'
import type { VerificationService } from './service.ts'
import type { InvalidKey, KeyVerifier, ValidKey } from './verifier.ts'
import type { VerifyInput } from './verify-input.ts'

export interface VerificationContext extends GuardedContext {
  readonly verification: VerificationService
  readonly verifier: KeyVerifier
}

const moment = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

export const verificationResolvers = {
  Query: {
    apiKeyRecord: (_: unknown, { id }: { readonly id: string }, { verification }: VerificationContext) =>
      verification.record(id),
  },
  Mutation: {
    verifyApiKey: (_: unknown, { input }: { readonly input: VerifyInput }, { verifier }: VerificationContext) =>
      verifier.verify(input),
  },
  ApiKeyRecord: {
    confinement: ({ confinement = {} }: ApiKeyRecord) => JSON.stringify(confinement),
    expiresAt: ({ expiresAtMs }: ApiKeyRecord) => moment(expiresAtMs),
    disabledAt: ({ disabledAtMs }: ApiKeyRecord) => moment(disabledAtMs ?? null),
    revokedAt: ({ revokedAtMs }: ApiKeyRecord) => moment(revokedAtMs),
  },
  VerifyApiKeyResult: {
    __resolveType: ({ outcome }: ValidKey | InvalidKey) => (outcome === 'valid' ? 'ApiKeyValid' : 'ApiKeyRefused'),
  },
  ApiKeyValid: {
    keyId: ({ key }: ValidKey) => key.keyId,
    ownerId: ({ key }: ValidKey) => key.ownerId,
    environment: ({ key }: ValidKey) => key.environment,
    expiresAt: ({ key }: ValidKey) => moment(key.expiresAtMs),
    resources: ({ key }: ValidKey) => key.confinement?.resources ?? null,
    rateLimits: ({ limits }: ValidKey) => limits,
    name: async ({ key }: ValidKey, _: unknown, { verification }: VerificationContext) =>
      (await verification.whole(key.keyId)).name,
    metadata: async ({ key }: ValidKey, _: unknown, { verification }: VerificationContext) =>
      JSON.stringify((await verification.whole(key.keyId)).metadata),
  },
  ApiKeyRefused: {
    code: ({ refusal }: InvalidKey) => refusal,
    message: ({ refusal }: InvalidKey) => keyRefusals[refusal].message,
  },
}
