/** What becomes of a key of an archive, judged by what is here already. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { RowReport } from '../imports/import.ts'
import { isKeyId, isOwnerId } from '../keys/key.ts'
import type { Columns, KeyRow, PresentKey } from './store.ts'

const moment = z.string().refine((text) => !Number.isNaN(Date.parse(text)))
const columns = z.record(z.string(), z.unknown())

/** What is decided by. The rest was sealed by whoever wrote the archive, and is taken as it is. */
const decisive = z.looseObject({
  id: z.string().refine(isKeyId),
  owner_id: z.string().refine(isOwnerId),
  version: z.int().positive(),
  pepper_id: z.string(),
  environment: z.enum(['live', 'test']),
  expires_at: moment,
  revoked_at: moment.nullable(),
})

export const keyRow = z.strictObject({
  key: decisive,
  foreign: columns.optional(),
  secret: columns.optional(),
  uses: columns.optional(),
})

export interface ArchivedKey extends KeyRow {
  readonly line: number
  readonly key: z.infer<typeof decisive>
}

export interface RestoreTerms {
  /** The peppers that the keyring holds. */
  readonly pepperIds: readonly string[]
  /** What another system's secret is sealed under can be opened here. */
  readonly opens: (secret: Columns) => boolean
  readonly forgottenOwners: ReadonlySet<string>
}

export type Judgement =
  | { readonly kind: 'add' | 'replace'; readonly row: ArchivedKey }
  | { readonly kind: 'report'; readonly report: RowReport }

const conflict = ({ line, key }: ArchivedKey, reason: string): Judgement => ({
  kind: 'report',
  report: { line, outcome: 'CONFLICT', keyId: key.id, reason },
})

/** A key that was never used since it came from another system has no MAC yet, and needs no pepper. */
const awaitsFirstUse = ({ key, foreign }: ArchivedKey) => key.pepper_id === '' && foreign !== undefined

/** What is here and newer stays, and what was revoked here stays revoked. */
export function judgeArchivedKey(row: ArchivedKey, present: PresentKey | null, terms: RestoreTerms): Judgement {
  const { line, key, secret } = row
  const refuse = (reason: string): Judgement => ({
    ...{ kind: 'report', report: { line, outcome: 'REFUSED', keyId: key.id, reason } },
  })
  if (present && isDeepStrictEqual(pick(present.key, Object.keys(key)), { ...key }))
    return { kind: 'report', report: { line, outcome: 'SAME', keyId: key.id, reason: null } }
  if (!awaitsFirstUse(row) && !terms.pepperIds.includes(key.pepper_id))
    return refuse(
      `it was made under the pepper ${key.pepper_id}, which this keyring lacks: add that version of \`api-key\``,
    )
  if (secret && !terms.opens(secret))
    return refuse('the secret of its HMAC was sealed under a version of `data` that this keyring lacks')
  if (terms.forgottenOwners.has(key.owner_id)) return conflict(row, 'its owner was erased here')
  if (!present) return { kind: 'add', row }
  if (present.key.owner_id !== key.owner_id) return conflict(row, 'the key of this id belongs to somebody else here')
  if (present.revoked) return conflict(row, 'it is revoked here and stays so')
  if (present.version >= key.version) return conflict(row, 'the key here is newer and stays as it is')
  return { kind: 'replace', row }
}

const pick = (from: Columns, names: readonly string[]): Columns =>
  Object.fromEntries(names.map((name) => [name, from[name]]))
