/** The role book: every role of one moment, what each permits with all that it includes, and whom a change would reach. */
import type { Scope } from '@latchkey/principal'
import type { SessionLimit } from '../session-limits/session-limit.ts'
import { firstRole, type RoleCatalogue } from './role.ts'

/** A role as it is kept: what an installation made, or what it added to a built-in one. */
export interface StoredRole {
  readonly name: string
  readonly description: string
  readonly scopes: readonly Scope[]
  readonly includes: readonly string[]
  /** Whoever holds it must have a second factor, so many days after it was granted. `null`: none is asked for. */
  readonly secondFactorWithinDays: number | null
  /** How many sessions whoever holds it may have. `null`: it does not say. */
  readonly sessionLimit: SessionLimit | null
  readonly version: number
}

/** A role as it is shown. */
export interface Role extends StoredRole {
  /** What it permits, with everything it includes. */
  readonly scopes: readonly Scope[]
  /** What it permits by itself. */
  readonly ownScopes: readonly Scope[]
  readonly builtIn: boolean
}

export interface RoleBook {
  /** The same while no role has changed. */
  readonly stamp: string
  readonly names: readonly string[]
  stored(name: string): StoredRole | null
  shown(name: string): Role
  /** What the named roles permit together, with everything they include. A name that is no role permits nothing. */
  scopesOf(names: readonly string[]): readonly Scope[]
  /** What scopes reach beyond those that everybody holds. */
  beyondEveryone(scopes: readonly Scope[]): readonly Scope[]
  /** The role, and every role that includes it, however far away: whose holders a change of it reaches. */
  including(name: string): readonly string[]
  /** The roles whose holders can hand out roles: while one active account holds one, nobody is locked out. */
  administering(): readonly string[]
  /** Whether a role includes itself by way of others. */
  hasCycle(): boolean
  /** As it would be with the role in place of the one of its name. */
  with(role: StoredRole): RoleBook
  without(name: string): RoleBook
}

/** What hands out roles. */
export const administeringScope: Scope = 'roles:write'

export function createRoleBook(stored: readonly StoredRole[], stamp: string, catalogue: RoleCatalogue): RoleBook {
  const byName = new Map(stored.map((role) => [role.name, role]))
  const builtIn = new Map(catalogue.roles.map(({ name, scopes }) => [name, scopes]))
  const known = new Set(catalogue.scopes.map(({ name }) => name))

  // A scope that no schema declares any more permits nothing.
  const ownScopes = (name: string): readonly Scope[] => [
    ...new Set([...(builtIn.get(name) ?? []), ...(byName.get(name)?.scopes ?? []).filter((scope) => known.has(scope))]),
  ]
  const included = (name: string): readonly string[] =>
    (byName.get(name)?.includes ?? []).filter((other) => byName.has(other))

  function reach(from: readonly string[], next: (name: string) => readonly string[]): readonly string[] {
    const reached = new Set(from)
    for (const name of reached) for (const further of next(name)) reached.add(further)
    return [...reached]
  }

  const scopesOf = (names: readonly string[]) => {
    const held = reach(
      names.filter((name) => byName.has(name)),
      included,
    )
    return [...new Set(held.flatMap(ownScopes))]
  }
  const everyones = new Set(scopesOf([firstRole]))
  const replaced = (roles: readonly StoredRole[]) => createRoleBook(roles, stamp, catalogue)
  const others = (name: string) => stored.filter((role) => role.name !== name)
  const names = stored.map(({ name }) => name)

  return {
    stamp,
    names,
    stored: (name) => byName.get(name) ?? null,
    shown(name) {
      const role = byName.get(name)
      if (!role) throw new Error(`no role ${name}`)
      return { ...role, scopes: scopesOf([name]), ownScopes: ownScopes(name), builtIn: builtIn.has(name) }
    },
    scopesOf,
    beyondEveryone: (scopes) => scopes.filter((scope) => !everyones.has(scope)),
    including: (name) => reach([name], (one) => names.filter((other) => included(other).includes(one))),
    administering: () => names.filter((name) => scopesOf([name]).includes(administeringScope)),
    hasCycle: () => names.some((name) => reach(included(name), included).includes(name)),
    with: (role) => replaced([...others(role.name), role]),
    without: (name) => replaced(others(name)),
  }
}
