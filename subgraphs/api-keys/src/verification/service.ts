/**
 * The records that gateways judge presented keys by. Postgres is the truth, the records are its copy, and a copy gives way to a
 * higher `version` only:
 *
 * - A revocation is announced inside its transaction, before the commit. If the copy cannot be written, nothing was revoked and the
 *   caller is told so; if the commit fails after it, the key is dead too early, never alive too late, and revoking again mends it.
 * - A gateway that finds no copy asks for one. What it read before a revocation carries the lower version and overwrites nothing.
 * - Every change also leaves a message in the outbox, which writes the copy again from Postgres, should the store have lost it.
 */
import type { ApiKeyRecord, CredentialRecords } from '@latchkey/principal/credential-records'
import { Problem } from '@latchkey/problem'
import { type ApiKey, isForgotten } from '../keys/key.ts'
import { recordOf } from './record.ts'

export interface VerificationDependencies {
  readonly store: { byId(id: string): Promise<ApiKey | null> }
  readonly records: Pick<CredentialRecords, 'putApiKey' | 'forgetApiKey'>
}

export interface VerificationService {
  announce(key: ApiKey): Promise<void>
  /** What Postgres says of the key now, and from here on the records too. `null`: there is no such key. */
  record(id: string): Promise<ApiKeyRecord | null>
  /** What the record leaves out. NOT_FOUND when it is gone. */
  whole(id: string): Promise<ApiKey>
}

export function createVerificationService({ store, records }: VerificationDependencies): VerificationService {
  return {
    announce: (key) => records.putApiKey(recordOf(key)),
    async record(id) {
      const key = await store.byId(id)
      if (!key || isForgotten(key)) {
        // A copy of what is not there is none either; and who asks by guessing waits as long as for a key that is.
        await records.forgetApiKey(id)
        return null
      }
      const record = recordOf(key)
      await records.putApiKey(record)
      return record
    },
    async whole(id) {
      const key = await store.byId(id)
      if (!key || isForgotten(key)) throw new Problem('NOT_FOUND', `key ${id}`)
      return key
    },
  }
}
