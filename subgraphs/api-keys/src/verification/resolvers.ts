/** GraphQL in, records out. */
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { GuardedContext } from '@latchkey/subgraph'
import type { VerificationService } from './service.ts'

export interface VerificationContext extends GuardedContext {
  readonly verification: VerificationService
}

const moment = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

export const verificationResolvers = {
  Query: {
    apiKeyRecord: (_: unknown, { id }: { readonly id: string }, { verification }: VerificationContext) =>
      verification.record(id),
  },
  ApiKeyRecord: {
    confinement: ({ confinement = {} }: ApiKeyRecord) => JSON.stringify(confinement),
    expiresAt: ({ expiresAtMs }: ApiKeyRecord) => moment(expiresAtMs),
    disabledAt: ({ disabledAtMs }: ApiKeyRecord) => moment(disabledAtMs ?? null),
    revokedAt: ({ revokedAtMs }: ApiKeyRecord) => moment(revokedAtMs),
  },
}
