/** Service accounts: accounts that nobody signs in to. What one is made of, and what a new one may be. Pure. */
import { badInput } from '@latchkey/problem'
import { displayNameMax, isAccountId, parseDisplayName } from '../accounts/account.ts'
import { firstRole } from '../roles/role.ts'
import type { RoleBook } from '../roles/role-book.ts'

export interface CreateServiceAccountInput {
  readonly name: string
  readonly description?: string | null
  readonly roles?: readonly string[] | null
  readonly responsible?: readonly string[] | null
}

/** What is left out, or null, stays as it is. */
export interface UpdateServiceAccountInput {
  readonly id: string
  readonly name?: string | null
  readonly description?: string | null
  readonly responsible?: readonly string[] | null
}

const descriptionMax = 500
const rolesMax = 50
const responsibleMax = 10

/** A service account has no second factor, so such a role would permit nothing once its grace is over. */
export const demandsFactor = (roles: RoleBook, role: string): boolean =>
  roles.names.some(
    (name) => typeof roles.stored(name)?.secondFactorWithinDays === 'number' && roles.including(name).includes(role),
  )

const controls = /[^\P{Cc}\n]|[\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** The text in NFC without the space around it, or `null`. Bounded before it is worked on. */
export function parseDescription(text: string): string | null {
  if (text.length > 4 * descriptionMax) return null
  const words = text.trim().normalize('NFC')
  return [...words].length <= descriptionMax && !controls.test(words) ? words : null
}

const faultOfResponsible = (ids: readonly string[]): string | null =>
  ids.length >= 1 && ids.length <= responsibleMax && ids.every(isAccountId)
    ? null
    : `must name 1 to ${responsibleMax} people by the ids of their accounts`

function faultOfRoles(given: readonly string[], roles: RoleBook): string | null {
  if (given.length > rolesMax || !given.every((role) => roles.stored(role)))
    return `must be names of roles that exist, at most ${rolesMax}`
  const demanding = given.find((role) => demandsFactor(roles, role))
  return demanding === undefined ? null : `a service account has no second factor, which ${demanding} asks for`
}

const nameFault = `must be 1 to ${displayNameMax} printable characters`
const descriptionFault = `must be at most ${descriptionMax} printable characters`

/** Throws BAD_USER_INPUT naming every member that has a fault. */
function refuseFaults(faults: Readonly<Record<string, string | null>>): void {
  const found = Object.entries(faults).filter((each): each is [string, string] => each[1] !== null)
  if (found.length > 0) throw badInput(Object.fromEntries(found))
}

export interface NewServiceAccount {
  readonly name: string
  readonly description: string
  readonly roles: readonly string[]
  readonly responsible: readonly string[]
}

/** `creator`: who answers for it unless somebody is named; null when that is no person. Throws BAD_USER_INPUT. */
export function parseNewServiceAccount(
  input: CreateServiceAccountInput,
  { roles: book, creator }: { readonly roles: RoleBook; readonly creator: string | null },
): NewServiceAccount {
  const name = parseDisplayName(input.name)
  const description = parseDescription(input.description ?? '')
  const roles = [...new Set(input.roles ?? [firstRole])]
  const responsible = [...new Set(input.responsible ?? (creator === null ? [] : [creator]))]
  refuseFaults({
    'input.name': name === null ? nameFault : null,
    'input.description': description === null ? descriptionFault : null,
    'input.roles': faultOfRoles(roles, book),
    'input.responsible': faultOfResponsible(responsible),
  })
  return { name: name ?? '', description: description ?? '', roles, responsible }
}

export type ServiceAccountChange = {
  readonly [Member in 'name' | 'description' | 'responsible']: NewServiceAccount[Member] | null
}

/** `null`: it stays. Throws BAD_USER_INPUT. */
export function parseServiceAccountChange(input: UpdateServiceAccountInput): ServiceAccountChange {
  const name = typeof input.name === 'string' ? parseDisplayName(input.name) : null
  const description = typeof input.description === 'string' ? parseDescription(input.description) : null
  const responsible = input.responsible ? [...new Set(input.responsible)] : null
  refuseFaults({
    'input.name': typeof input.name === 'string' && name === null ? nameFault : null,
    'input.description': typeof input.description === 'string' && description === null ? descriptionFault : null,
    'input.responsible': responsible && faultOfResponsible(responsible),
  })
  return { name, description, responsible }
}
