/** A row of an import: one line of JSON about one account, judged before anything is done with it. */
import { displayNameMax, parseDisplayName } from '../accounts/account.ts'
import { externalIdMax, parseExternalId, parseMoment } from '../administration/words.ts'
import { type EmailAddress, parseEmailAddress } from '../email/email-address.ts'
import { parseForeignHash } from '../passwords/foreign/foreign-hash.ts'
import type { RoleBook } from '../roles/role-book.ts'

export interface ImportRow {
  /** What the other system calls the account: a row with the same one is about the same account. */
  readonly externalId: string
  readonly address: EmailAddress
  readonly emailVerified: boolean
  readonly displayName: string
  readonly passwordHash: string | null
  readonly roles: readonly string[]
  readonly createdAt: Date | null
}

/** What is wrong, by member; `row` for the whole of it. Never quotes a value. */
export type RowFaults = Readonly<Record<string, string>>

export type ParsedRow = { readonly row: ImportRow } | { readonly faults: RowFaults }

const rowCharactersMax = 8_192
const rolesMax = 50
const members = ['externalId', 'email', 'emailVerified', 'displayName', 'passwordHash', 'roles', 'createdAt']

type Members = Readonly<Record<string, unknown>>

function readMembers(text: string): Members | string {
  if (text.length > rowCharactersMax) return `must be at most ${rowCharactersMax} characters`
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Members)
      : 'must be a JSON object'
  } catch {
    return 'must be a JSON object on one line'
  }
}

const textIn = (given: Members, name: string): string => {
  const value = given[name]
  return typeof value === 'string' ? value : ''
}

function rolesIn({ roles = [] }: Members, book: RoleBook): readonly string[] | null {
  if (!Array.isArray(roles) || roles.length > rolesMax) return null
  const isRole = (name: unknown): name is string => typeof name === 'string' && book.stored(name) !== null
  return roles.every(isRole) ? [...new Set(roles)] : null
}

function faultOfHash(hash: unknown): string | null {
  if (hash === undefined || hash === null) return null
  if (typeof hash !== 'string') return 'must be a text'
  const judged = parseForeignHash(hash)
  return 'fault' in judged ? judged.fault : null
}

/** `now`: nothing was opened after it. */
export function parseRow(text: string, book: RoleBook, now: Date): ParsedRow {
  const given = readMembers(text)
  if (typeof given === 'string') return { faults: { row: given } }
  const unknown = Object.keys(given).filter((name) => !members.includes(name))
  const externalId = parseExternalId(textIn(given, 'externalId'))
  const address = parseEmailAddress(textIn(given, 'email'))
  const displayName = parseDisplayName(textIn(given, 'displayName'))
  const roles = rolesIn(given, book)
  const { emailVerified, passwordHash, createdAt } = given
  const opened = createdAt === undefined || createdAt === null ? null : parseMoment(createdAt)
  const isLate = createdAt !== undefined && createdAt !== null && (!opened || opened > now)
  const hashFault = faultOfHash(passwordHash)
  const faults: RowFaults = {
    ...(unknown.length > 0
      ? { row: `has members that mean nothing here; those that do are ${members.join(', ')}` }
      : {}),
    ...(externalId ? {} : { externalId: `must be 1 to ${externalIdMax} printable characters` }),
    ...(address ? {} : { email: 'must be an email address' }),
    ...(typeof emailVerified === 'boolean' ? {} : { emailVerified: 'must be true or false' }),
    ...(displayName ? {} : { displayName: `must be 1 to ${displayNameMax} printable characters` }),
    ...(hashFault ? { passwordHash: hashFault } : {}),
    ...(roles ? {} : { roles: `must be names of roles that exist, at most ${rolesMax}` }),
    ...(isLate ? { createdAt: 'must be a moment in the past, RFC 3339' } : {}),
  }
  if (!externalId || !address || !displayName || !roles || Object.keys(faults).length > 0) return { faults }
  const hash = typeof passwordHash === 'string' ? passwordHash : null
  const verified = emailVerified === true
  return {
    row: { externalId, address, emailVerified: verified, displayName, passwordHash: hash, roles, createdAt: opened },
  }
}
