/** What a role may be made of: judged against the book and the catalogue, and against who makes it. */
import { badInput } from '@latchkey/problem'
import { type Administrator, requireReach } from '../administration/administrator.ts'
import { faultOfLimit, type SessionLimit } from '../session-limits/session-limit.ts'
import type { RoleCatalogue } from './role.ts'
import type { RoleBook, StoredRole } from './role-book.ts'

export interface RoleInput {
  readonly name: string
  readonly description?: string | null
  readonly scopes?: readonly string[] | null
  readonly includes?: readonly string[] | null
  readonly secondFactorWithinDays?: number | null
  readonly sessionLimit?: SessionLimit | null
  /** The version it was read in; left out: whichever there is. */
  readonly version?: number | null
}

export const rolesMax = 200
export const scopesMax = 200
export const includesMax = 50
const descriptionMax = 200
const graceDaysMax = 365
const roleName = /^[a-z][a-z0-9_.-]{0,63}$/
const printable = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u

const named = (names: readonly string[]) =>
  names
    .slice(0, 5)
    .map((name) => JSON.stringify(name.slice(0, 64)))
    .join(', ')

function faultOfNames(given: readonly string[], max: number, isKnown: (name: string) => boolean, noun: string) {
  if (given.length > max) return `must be at most ${max} ${noun}s`
  const unknown = given.filter((name) => !isKnown(name))
  return unknown.length > 0 ? `there is no ${noun} ${named(unknown)}` : null
}

function faultOfGrace(days: number | null | undefined): string | null {
  return typeof days === 'number' && (days < 0 || days > graceDaysMax) ? `must be 0 to ${graceDaysMax} days` : null
}

function faultOfDescription(text: string): string | null {
  const fits = text.length <= descriptionMax && text.trim().length > 0 && printable.test(text)
  return fits ? null : `must be 1 to ${descriptionMax} printable characters`
}

/** The role as it would be kept. Throws BAD_USER_INPUT naming every wrong field. */
export function parseRole(
  input: RoleInput,
  known: StoredRole | null,
  book: RoleBook,
  catalogue: RoleCatalogue,
): StoredRole {
  const scopes = [...new Set(input.scopes ?? known?.scopes ?? [])]
  const includes = [...new Set(input.includes ?? known?.includes ?? [])]
  const description = input.description ?? known?.description ?? ''
  const isScope = (name: string) => catalogue.scopes.some((scope) => scope.name === name)
  const faults = {
    'input.name': roleName.test(input.name) ? null : 'must be 1 to 64 of a-z, 0-9, `.`, `_` and `-`, a letter first',
    'input.description': faultOfDescription(description),
    'input.scopes': input.scopes ? faultOfNames(input.scopes, scopesMax, isScope, 'scope') : null,
    'input.includes': input.includes
      ? faultOfNames(input.includes, includesMax, (name) => book.stored(name) !== null, 'role')
      : null,
    'input.secondFactorWithinDays': faultOfGrace(input.secondFactorWithinDays),
    'input.sessionLimit': faultOfLimit(input.sessionLimit),
  }
  const found = Object.entries(faults).flatMap(([field, fault]) => (fault ? [[field, fault]] : []))
  if (found.length > 0) throw badInput(Object.fromEntries(found))
  const { name, secondFactorWithinDays = known?.secondFactorWithinDays ?? null } = input
  const { sessionLimit = known?.sessionLimit ?? null } = input
  const version = known ? known.version + 1 : 1
  return { name, description: description.trim(), scopes, includes, secondFactorWithinDays, sessionLimit, version }
}

/** The book after the change. Throws when it would have a cycle, or when the role reaches further than who changes it. */
export function judgeRole(role: StoredRole, book: RoleBook, administrator: Administrator): RoleBook {
  const after = book.with(role)
  if (after.hasCycle()) throw badInput({ 'input.includes': 'a role cannot include itself, by way of others either' })
  const before = book.stored(role.name) ? book.scopesOf([role.name]) : []
  // Judged with the everyday scopes of before: what is being given to everybody is given.
  requireReach(administrator, book.beyondEveryone([...before, ...after.scopesOf([role.name])]), `The role ${role.name}`)
  return after
}
