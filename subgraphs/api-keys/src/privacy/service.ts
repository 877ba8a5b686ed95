/** What Users asks of ApiKeys about a person: everything that is held, and to hold nothing any more. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { OwnerStore } from './store.ts'

interface PrivacyDependencies {
  readonly store: OwnerStore
  readonly records: Pick<CredentialRecords, 'forgetApiKey'>
  readonly clock: Clock
  readonly entropy: Entropy
}

export interface Privacy {
  /** JSON: the keys without their secrets, and what each was used for by the day; newest first. */
  personalData(userId: string): Promise<{ readonly holder: string; readonly document: string }>
  /**
   * Ends the keys and empties what their owner wrote. Rows stay, as pseudonyms for the records. Doing it again forgets
   * nothing more but the copies that were made meanwhile. Rejects with UNAVAILABLE.
   */
  eraseUser(
    userId: string,
    asked: { readonly by: string; readonly requestId: string },
  ): Promise<{ readonly holder: string; readonly userId: string; readonly forgotten: number }>
}

const holder = 'api-keys'
const keysMax = 10_000
const usesMax = 10_000

export const createPrivacy = ({ store, records, clock, entropy }: PrivacyDependencies): Privacy => ({
  personalData: async (userId) => ({
    holder,
    document: JSON.stringify({
      apiKeys: await store.keysOf(userId, keysMax),
      uses: await store.usesOf(userId, usesMax),
    }),
  }),
  async eraseUser(userId, { by, requestId }) {
    const recordId = newId(entropy, 'aud')
    const { forgotten, keyIds } = await store.forget({
      ...{ recordId, at: clock.now(), ownerId: userId, actorId: by, requestId },
    })
    for (const keyId of keyIds) await records.forgetApiKey(keyId)
    return { holder, userId, forgotten }
  },
})
