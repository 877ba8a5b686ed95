/** Grants where Redis may have lost them: Users knows what an account is permitted, and which of its sessions it kept. */
import type { CredentialRecords, GrantsRecord } from '@latchkey/principal/credential-records'

/** Asks the owner. `null` when there is no such account. Rejects with UNAVAILABLE when nobody can say. */
export type AskGrants = (userId: string, requestId: string) => Promise<GrantsRecord | null>

/** What is known of an account, asked for where nothing is; from then on it is known to everybody. */
export type KnownGrants = AskGrants

export const createKnownGrants =
  (records: Pick<CredentialRecords, 'grants' | 'putGrants'>, ask: AskGrants): KnownGrants =>
  async (userId, requestId) => {
    const known = await records.grants(userId)
    if (known) return known
    const told = await ask(userId, requestId)
    if (told) await records.putGrants(told)
    return told
  }
