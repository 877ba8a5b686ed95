/**
 * Moves what is stored to the newest keys, beside a running system: identifiers to the newest key of the blind index, data
 * keys to the newest version that seals them. In small steps; cut short anywhere, it goes on where it was.
 */
import type { Keyring, Purpose } from '@latchkey/secrets'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { IdentifierKind } from '../identifiers/blind-index.ts'
import { everyMac } from '../identifiers/keyed-mac.ts'
import { normalIdentifier } from './identifier-text.ts'
import type { IdentifierPair, KeyRotationStore, LackingAccount, RowsOfKey, SealedDataKey } from './store.ts'

export interface KeyRotationDependencies {
  readonly store: KeyRotationStore
  readonly personalData: PersonalData
  readonly keyring: Keyring
}

export interface Reindexed {
  readonly added: number
  /** Accounts of which an identifier still lacks the newest key: the next run looks at them again. */
  readonly left: number
  readonly byKey: readonly RowsOfKey[]
}

export type Retirement =
  | { readonly outcome: 'RETIRED'; readonly removed: number }
  | { readonly outcome: 'IN_USE' }
  | { readonly outcome: 'NEEDED' }

/** Told how far a long work has come. */
export type Tell = (line: string) => void

export interface KeyRotation {
  /** Writes the rows that identifiers lack for the newest key, and names by it what left by mail and may still come back. */
  reindex(tell?: Tell): Promise<Reindexed>
  /** Removes the rows of a key. Refused while the keyring holds it, and while an identifier stands under it alone. */
  retire(keyId: string): Promise<Retirement>
  /** Seals data keys under the newest version. */
  reseal(tell?: Tell): Promise<{ readonly resealed: number; readonly byVersion: readonly RowsOfKey[] }>
}

interface Batches<Row> {
  readonly idOf: (row: Row) => string
  readonly work: (rows: readonly Row[]) => Promise<number>
  /** What is counted. */
  readonly what: string
}

const batchMax = 200

export function createKeyRotation({ store, personalData, keyring }: KeyRotationDependencies): KeyRotation {
  function newestOf(purpose: Purpose): string {
    const [keyId] = keyring.keyIds(purpose)
    if (!keyId) throw new Error(`the keyring holds no secret for ${purpose}`)
    return keyId
  }

  /** For each older key a pair: which of them the account is kept with, the database knows. */
  function pairsOf(account: LackingAccount, kind: IdentifierKind): readonly IdentifierPair[] {
    const text = { email: account.email, username: account.username, 'external-id': account.externalId }[kind]
    if (text === null) return []
    const column = ({ email: 'email', username: 'username', 'external-id': 'external_id' } as const)[kind]
    const opened = personalData.withKey(account.id, account.sealedKey).open(column, text)
    const normalised = normalIdentifier(kind, opened)
    const [newest, ...older] = normalised ? everyMac(keyring, 'blind-index', `${kind}:${normalised}`) : []
    return newest
      ? older.map((known) => ({
          ...{ kind, accountId: account.id, keyId: newest.keyId, mac: newest.mac },
          ...{ knownKeyId: known.keyId, knownMac: known.mac },
        }))
      : []
  }

  /** Takes batch after batch until one is short, telling how far it is. */
  async function inBatches<Row>(
    read: (after: string) => Promise<readonly Row[]>,
    { idOf, work, what }: Batches<Row>,
    tell: Tell = () => {},
  ): Promise<number> {
    let [done, after] = [0, '']
    for (;;) {
      const rows = await read(after)
      if (rows.length > 0) done += await work(rows)
      if (rows.length > 0) tell(`${done} ${what} so far`)
      if (rows.length < batchMax) return done
      after = rows.map(idOf).at(-1) ?? after
    }
  }

  const lackingCount = async (keyId: string): Promise<number> =>
    inBatches((after) => store.lacking({ keyId, after, max: batchMax }), {
      idOf: ({ id }) => id,
      work: async (rows) => rows.length,
      what: 'accounts that lack the newest key',
    })

  return {
    async reindex(tell) {
      const keyId = newestOf('blind-index')
      const work = {
        idOf: ({ id }: LackingAccount) => id,
        work: (accounts: readonly LackingAccount[]) =>
          store.addIdentifiers(accounts.flatMap((account) => account.kinds.flatMap((kind) => pairsOf(account, kind)))),
        what: 'rows for the newest key',
      }
      const added = await inBatches((after) => store.lacking({ keyId, after, max: batchMax }), work, tell)
      for (let moved = batchMax; moved === batchMax; ) moved = await store.moveTokens({ keyId, max: batchMax })
      return { added, left: await lackingCount(keyId), byKey: await store.identifiersByKey() }
    },

    async retire(keyId) {
      if (keyring.keyIds('blind-index').includes(keyId)) return { outcome: 'IN_USE' }
      const newerKeyId = newestOf('blind-index')
      if ((await lackingCount(newerKeyId)) > 0) return { outcome: 'NEEDED' }
      let [removed, last] = [0, batchMax]
      for (; last === batchMax; removed += last)
        last = await store.removeIdentifiers({ keyId, newerKeyId, max: batchMax })
      return { outcome: 'RETIRED', removed }
    },

    async reseal(tell) {
      const keyId = newestOf('data')
      const work = {
        idOf: ({ accountId }: SealedDataKey) => accountId,
        work: (keys: readonly SealedDataKey[]) =>
          store.replaceDataKeys(
            keys.map((key) => ({ ...key, resealed: personalData.reseal(key.accountId, key.sealedKey) })),
          ),
        what: 'data keys sealed anew',
      }
      const resealed = await inBatches((after) => store.sealedOtherwise({ keyId, after, max: batchMax }), work, tell)
      return { resealed, byVersion: await store.dataKeysByVersion() }
    },
  }
}
