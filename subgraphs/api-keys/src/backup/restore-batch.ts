/** Keys of an archive, batch by batch, into the stores. */
import type { Keyring } from '@latchkey/secrets'
import { foreignSecretPlace } from '../foreign-keys/foreign-secret.ts'
import { createOwnerCheck, type ImportMode, type KeyChange, type RowReport } from '../imports/import.ts'
import type { ImportRoom } from '../imports/store.ts'
import { liveKeysMax } from '../keys/key.ts'
import { type ArchivedKey, type Judgement, judgeArchivedKey } from './restore.ts'
import type { Columns, PresentKey } from './store.ts'

export interface RestoreContext {
  readonly room: ImportRoom
  readonly keyring: Pick<Keyring, 'keyIds' | 'open'>
  readonly now: Date
  readonly file: string
  /** As the archive's header names them. */
  readonly columns: readonly string[]
  /** A dry run replaces nothing, not even for a moment: whoever changes such a key need not wait. */
  readonly mode: ImportMode
}

export interface Restored {
  readonly reports: readonly RowReport[]
  readonly changes: readonly KeyChange[]
}

const canOpen = (keyring: Pick<Keyring, 'open'>, { id, sealed }: Columns): boolean => {
  try {
    keyring.open('data', String(sealed), foreignSecretPlace(String(id)))
    return true
  } catch {
    return false
  }
}

export async function restoreBatch(rows: readonly ArchivedKey[], context: RestoreContext): Promise<Restored> {
  const { room, keyring, now, file, columns, mode } = context
  const [present, standings] = [
    new Map((await room.present(rows.map(({ key }) => key.id))).map((each): [string, PresentKey] => [each.id, each])),
    await room.standings([...new Set(rows.map(({ key }) => key.owner_id))], now),
  ]
  const terms = {
    pepperIds: keyring.keyIds('api-key'),
    opens: (secret: Columns) => canOpen(keyring, secret),
    forgottenOwners: new Set(standings.flatMap(({ ownerId, forgotten }) => (forgotten ? [ownerId] : []))),
  }
  const faultOfOwner = createOwnerCheck(standings, { liveMax: liveKeysMax, now })
  const judged = rows.map((row): Judgement => {
    const judgement = judgeArchivedKey(row, present.get(row.key.id) ?? null, terms)
    const fault = judgement.kind === 'add' ? faultOfOwner(ownedKeyOf(row)) : null
    if (fault === null) return judgement
    return { kind: 'report', report: { line: row.line, outcome: 'REFUSED', keyId: row.key.id, reason: fault } }
  })
  const wanted = (kind: 'add' | 'replace') => judged.flatMap((each) => (each.kind === kind ? [each.row] : []))
  const replacing = wanted('replace')
  const done = new Set([
    ...(await room.addRows(wanted('add'), columns)),
    ...(mode === 'DRY_RUN' ? replacing.map(({ key }) => key.id) : await room.replaceRows(replacing, columns)),
  ])
  const same = new Set(judged.flatMap((each) => (isSame(each) ? [each.report.keyId] : [])))
  if (mode !== 'DRY_RUN') await room.keepUses(rows.filter(({ key }) => same.has(key.id)))
  return {
    reports: judged.map((judgement) => reportOf(judgement, done)),
    changes: [...done].map((keyId) => ({ keyId, action: 'api-key.imported', detail: { archive: file } })),
  }
}

const isSame = (judgement: Judgement): judgement is Extract<Judgement, { kind: 'report' }> =>
  judgement.kind === 'report' && judgement.report.outcome === 'SAME'

const ownedKeyOf = ({ key }: ArchivedKey) => ({
  ownerId: key.owner_id,
  expiresAt: new Date(key.expires_at),
  revokedAt: key.revoked_at === null ? null : new Date(key.revoked_at),
})

function reportOf(judgement: Judgement, done: ReadonlySet<string>): RowReport {
  if (judgement.kind === 'report') return judgement.report
  const { line, key } = judgement.row
  if (!done.has(key.id))
    return {
      line,
      outcome: 'CONFLICT',
      keyId: key.id,
      reason: 'something of it is another key’s here, or it was changed just now',
    }
  return { line, outcome: judgement.kind === 'add' ? 'ADDED' : 'UPDATED', keyId: key.id, reason: null }
}
