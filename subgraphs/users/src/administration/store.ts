/** Everything the administration of accounts needs from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'
import type { RoleChange, RoleHolder, Written } from '../roles/store.ts'
import type { KeptStanding } from './standing.ts'

/** What administrators see of an account. */
export interface AdministeredAccount extends KeptStanding {
  readonly id: string
  /** Sealed. */
  readonly externalId: string | null
  readonly displayName: string
  readonly lastSignInAt: Date | null
  readonly version: number
  readonly sealedKey: string
}

export interface StandingChange extends RoleChange {
  readonly holder: Pick<RoleHolder, 'id' | 'grantsEpoch'>
  readonly standing: KeptStanding
}

export interface DetailsChange {
  readonly id: string
  readonly version: number
  /** Sealed. */
  readonly displayName: string
  /** Sealed; the indexes are those of every key. `null`: the account has none from now on. */
  readonly externalId: { readonly sealed: string; readonly indexes: readonly BlindIndex[] } | null
  /** Whether another system's name for it changes at all. */
  readonly external: 'changes' | 'stays'
  /** Sealed; `null` takes it away, `undefined`: it stays. */
  readonly adminMetadata: string | null | undefined
  readonly consequences: Consequences
}

export interface AdministrationStore {
  /** Questions asked at the same time share one statement. */
  byId(id: string): Promise<AdministeredAccount | null>
  /** Writes where the account stands; every session of it ends, whichever way it changed. */
  changeStanding(change: StandingChange): Promise<Written>
  /** `taken`: another account is called so. `stale`: the version has moved on. */
  changeDetails(change: DetailsChange): Promise<'done' | 'stale' | 'taken'>
  /** Ends the suspension whose end is this moment and has come. `false`: there is none. */
  endSuspension(ended: { id: string; until: Date; now: Date; record: AuditRecord }): Promise<boolean>
  /** Suspensions whose end has come and that stand nevertheless. */
  overdue(now: Date, max: number): Promise<readonly { readonly id: string; readonly until: Date }[]>
}
