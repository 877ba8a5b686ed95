/** A list of accounts: what may be asked of it, and the cursors that lead through it. */
import { createHash } from 'node:crypto'
import { badInput } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { AccountStatus } from '../administration/standing.ts'
import { parseMoment } from '../administration/words.ts'
import { type EmailAddress, parseEmailAddress } from '../email/email-address.ts'

export interface UserFilterInput {
  readonly email?: string | null
  readonly status?: string | null
  readonly role?: string | null
  readonly createdAfter?: unknown
  readonly createdBefore?: unknown
  readonly lastSignInAfter?: unknown
  readonly lastSignInBefore?: unknown
}

export interface UsersArguments {
  readonly first?: number | null
  readonly after?: string | null
  readonly filter?: UserFilterInput | null
  readonly orderBy?: string | null
}

export interface UserOrder {
  readonly by: 'created_at' | 'last_sign_in_at'
  readonly direction: 'asc' | 'desc'
}

export type ListedAccounts = 'people' | 'services'

/** From the first moment on, and up to the second without it. */
export interface Span {
  readonly after: Date | null
  readonly before: Date | null
}

export interface UserFilter {
  /** Service accounts are listed apart from people. */
  readonly accounts: ListedAccounts
  readonly email: EmailAddress | null
  readonly status: AccountStatus | null
  readonly role: string | null
  readonly created: Span
  readonly lastSignIn: Span
}

/** Where an account stands in the order. */
export interface Place {
  readonly at: Date
  readonly id: string
}

export interface AskedPage {
  readonly filter: UserFilter
  readonly order: UserOrder
  readonly first: number
  readonly after: Place | null
}

export const pageMax = 100
const pageUsual = 50
const cursorLengthMax = 1_000
const roleLengthMax = 64

const orders: Readonly<Record<string, UserOrder>> = {
  CREATED_AT_DESC: { by: 'created_at', direction: 'desc' },
  CREATED_AT_ASC: { by: 'created_at', direction: 'asc' },
  LAST_SIGN_IN_AT_DESC: { by: 'last_sign_in_at', direction: 'desc' },
  LAST_SIGN_IN_AT_ASC: { by: 'last_sign_in_at', direction: 'asc' },
}

type Faults = Record<string, string>

function momentIn(filter: UserFilterInput, name: keyof UserFilterInput, faults: Faults): Date | null {
  const given = filter[name]
  if (given === undefined || given === null) return null
  const moment = parseMoment(given)
  if (!moment) faults[`filter.${name}`] = 'must be a moment, RFC 3339'
  return moment
}

function parseFilter(input: UserFilterInput, accounts: ListedAccounts, faults: Faults): UserFilter {
  const email = typeof input.email === 'string' ? parseEmailAddress(input.email) : null
  if (typeof input.email === 'string' && !email) faults['filter.email'] = 'must be a whole email address'
  const role = input.role ?? null
  if (role !== null && role.length > roleLengthMax) faults['filter.role'] = 'must be the name of a role'
  return {
    accounts,
    email,
    // The schema admits the names of the enum only.
    status: input.status ? (input.status.toLowerCase() as AccountStatus) : null,
    role,
    created: { after: momentIn(input, 'createdAfter', faults), before: momentIn(input, 'createdBefore', faults) },
    lastSignIn: {
      after: momentIn(input, 'lastSignInAfter', faults),
      before: momentIn(input, 'lastSignInBefore', faults),
    },
  }
}

const isBounded = ({ after, before }: Span) => after !== null || before !== null

/** A filter by last sign-in is served by the index of that order, so that is the order unless told otherwise. */
function parseOrder(orderBy: string | null | undefined, { lastSignIn }: UserFilter, faults: Faults): UserOrder {
  const byLastSignIn = isBounded(lastSignIn)
  const name = orderBy ?? (byLastSignIn ? 'LAST_SIGN_IN_AT_DESC' : 'CREATED_AT_DESC')
  const order = orders[name] ?? { by: 'created_at', direction: 'desc' }
  if (byLastSignIn && order.by !== 'last_sign_in_at')
    faults.orderBy = 'must be by last sign-in, or left out, where the filter is by last sign-in'
  return order
}

/** Seals where a page ends, for the list it is a page of and no other. */
export interface Cursors {
  seal(place: Place, list: Pick<AskedPage, 'filter' | 'order'>): string
  /** `null`: it is none, or of another list. */
  open(cursor: string, list: Pick<AskedPage, 'filter' | 'order'>): Place | null
}

/** Sealed under the filter and the order: a cursor can be neither made up nor carried into another list. */
export function createCursors(keyring: Keyring): Cursors {
  const placeOf = ({ filter, order }: Pick<AskedPage, 'filter' | 'order'>) =>
    `users.users.cursor:${createHash('sha256')
      .update(JSON.stringify([filter, order]))
      .digest('base64url')}`
  return {
    seal: ({ at, id }, list) => keyring.seal('data', JSON.stringify([at.getTime(), id]), placeOf(list)),
    open(cursor, list) {
      if (cursor.length > cursorLengthMax) return null
      try {
        // Only `seal` seals for this place.
        const [at, id] = JSON.parse(keyring.open('data', cursor, placeOf(list)).toString()) as [number, string]
        return { at: new Date(at), id }
      } catch {
        return null
      }
    },
  }
}

/** Throws BAD_USER_INPUT naming every wrong argument. */
export function parsePage(
  { first, after, filter: given, orderBy }: UsersArguments,
  accounts: ListedAccounts,
  cursors: Cursors,
): AskedPage {
  const faults: Faults = {}
  const size = first ?? pageUsual
  if (size < 1 || size > pageMax) faults.first = `must be 1 to ${pageMax}`
  const filter = parseFilter(given ?? {}, accounts, faults)
  const order = parseOrder(orderBy, filter, faults)
  const place = typeof after === 'string' ? cursors.open(after, { filter, order }) : null
  if (typeof after === 'string' && !place) faults.after = 'must be a cursor of this very list: same filter, same order'
  if (Object.keys(faults).length > 0) throw badInput(faults)
  return { filter, order, first: size, after: place }
}
