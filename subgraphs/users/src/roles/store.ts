/** Everything roles need from storage. */
import type { Consequences } from '../consequences/consequences.ts'
import type { RoleBook, StoredRole } from './role-book.ts'

/** An account as far as its roles are concerned, of one moment. */
export interface RoleHolder {
  readonly id: string
  readonly status: string
  readonly roles: readonly string[]
  /** Moves on with every change of them. */
  readonly grantsEpoch: number
}

/** `stale`: what the change was judged by is no longer so, and nothing was written. */
export type Written = 'done' | 'stale' | 'last-administrator'

/** What every change of roles is judged by again when it is written, while no other such change is. */
export interface RoleChange {
  readonly stamp: RoleBook['stamp']
  /** The roles of which an active account besides must hold one; `null`: nothing can be lost by this change. */
  readonly administering: readonly string[] | null
  readonly at: Date
  readonly consequences: Consequences
}

export interface GrantChange extends RoleChange {
  readonly holder: Pick<RoleHolder, 'id' | 'grantsEpoch'>
  readonly role: string
}

export interface DefinitionChange extends RoleChange {
  readonly role: StoredRole
  /** The roles whose holders it reaches: their epoch moves on. */
  readonly reached: readonly string[]
}

export interface RoleStore {
  roles(): Promise<{ readonly roles: readonly StoredRole[]; readonly stamp: string }>
  holder(accountId: string): Promise<RoleHolder | null>
  grant(change: GrantChange): Promise<Written>
  revoke(change: GrantChange): Promise<Written>
  create(change: DefinitionChange): Promise<Written>
  update(change: DefinitionChange): Promise<Written>
  /** The role permits nothing from now on, and nobody can be given it; its name is free when it was forgotten. */
  remove(change: DefinitionChange): Promise<Written>
  /** Forgets a role that was removed, and who held it. Nothing happens to one that was not. */
  forgetRemoved(role: string): Promise<void>
}
