/** Bringing keys in: what is asked for, what becomes of each row, and who it is that asks. */
import type { UserPrincipal } from '@latchkey/principal'
import type { ApiKey } from '../keys/key.ts'
import type { AuditRecord, KeyAction } from '../keys/trail.ts'

/** `APPLY` writes all rows or none; `APPLY_GOOD_ROWS` leaves out those that are refused. */
export type ImportMode = 'DRY_RUN' | 'APPLY' | 'APPLY_GOOD_ROWS'

/** `CONFLICT`: what is here stays, and nothing is wrong with that. `REFUSED`: the row cannot be taken. */
export type RowOutcome = 'ADDED' | 'UPDATED' | 'SAME' | 'CONFLICT' | 'REFUSED'

export interface RowReport {
  readonly line: number
  readonly outcome: RowOutcome
  /** Of the key that the row is about, as far as it is known. */
  readonly keyId: string | null
  /** Why; `null` for what went as it should. Never quotes a secret. */
  readonly reason: string | null
}

export interface NumberedLine {
  readonly line: number
  readonly text: string
}

/** Who asks, as it stands in the record. */
export type Actor = Pick<AuditRecord, 'actorKind' | 'actorId' | 'requestId'>

/**
 * Who brings keys of another system in, and may know their texts. The operator, who holds the keyring, brings anybody's; a person
 * those that they could have made: a text that somebody knows must not let them act as another person, nor hold more than they do.
 */
export type Bringer = 'operator' | Pick<UserPrincipal, 'userId' | 'scopes'>

export type ImportCounts = Readonly<Record<RowOutcome, number>>

export const noRows: ImportCounts = { ADDED: 0, UPDATED: 0, SAME: 0, CONFLICT: 0, REFUSED: 0 }

export function countOutcomes(reports: readonly RowReport[], before: ImportCounts = noRows): ImportCounts {
  const counts = { ...before }
  for (const { outcome } of reports) counts[outcome] += 1
  return counts
}

export const refused = (line: number, reason: string, keyId: string | null = null): RowReport => ({
  ...{ line, outcome: 'REFUSED', keyId, reason },
})

/** Whether what was done stays, once every row was looked at. */
export function isKept(mode: ImportMode, counts: ImportCounts, integrity: 'whole' | 'broken'): boolean {
  if (mode === 'DRY_RUN' || integrity === 'broken') return false
  const { REFUSED, ...taken } = counts
  return REFUSED === 0 || (mode === 'APPLY_GOOD_ROWS' && Object.values(taken).some((rows) => rows > 0))
}

/** A change of one key among many. */
export interface KeyChange {
  readonly keyId: string
  readonly action: KeyAction
  readonly detail: AuditRecord['detail']
}

/** What a batch of lines came to. `broken`: what follows cannot be trusted, and nothing of it all stays. */
export interface Batch {
  readonly reports: readonly RowReport[]
  readonly changes: readonly KeyChange[]
  readonly integrity: 'whole' | 'broken'
}

/** Takes the lines of a file in their order. */
export interface Intake {
  take(lines: readonly NumberedLine[]): Promise<Batch>
  /** After the last one: what is missing. */
  end(): readonly RowReport[]
}

/** What an owner has already: a key beyond `liveMax` is not taken. */
export interface OwnerStanding {
  readonly ownerId: string
  readonly live: number
  readonly forgotten: boolean
}

/** Says of each new key, in turn, why its owner cannot have it. */
export function createOwnerCheck(
  standings: readonly OwnerStanding[],
  { liveMax, now }: { liveMax: number; now: Date },
) {
  const live = new Map(standings.map((owner) => [owner.ownerId, owner.live]))
  return ({ ownerId, revokedAt, expiresAt }: Pick<ApiKey, 'ownerId' | 'revokedAt' | 'expiresAt'>): string | null => {
    if (revokedAt || expiresAt <= now) return null
    const more = (live.get(ownerId) ?? 0) + 1
    if (more > liveMax) return `its owner has ${liveMax} keys that work`
    live.set(ownerId, more)
    return null
  }
}
