/** What may be changed so that an operation passes, and what a caller is after it. */
import type { Clock } from '@latchkey/clock'
import type { Scope } from '@latchkey/principal'
import type { AccessList } from '@latchkey/principal/access-list'
import type { Confinement } from '@latchkey/principal/confinement'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { callerByKey } from '../authenticate/api-key.ts'
import { type Account, inPerson, type Subject } from './subject.ts'

const kinds = {
  SIGN_IN: ({ scopes, roles }: Facts) =>
    scopes.length === 0 ? 'Sign in.' : `Sign in as somebody who holds ${named(scopes)}${byRole(roles)}.`,
  ASK_IN_PERSON: () => 'Have the person ask themselves, signed in just now.',
  GRANT_ROLE: ({ scopes, roles }: Facts) => `Grant ${oneOf('role', roles)}, which gives ${named(scopes)}.`,
  GRANT_SCOPES: ({ scopes }: Facts) => `Grant ${named(scopes)} by a role that gives ${those(scopes)}.`,
  ADD_SCOPES_TO_KEY: ({ scopes }: Facts) => `Let the key hold ${named(scopes)}, with \`updateApiKey\`.`,
  WIDEN_ACCESS_LIST: ({ coordinates }: Facts) =>
    `Let the access list of the key allow ${named(coordinates)}, with \`updateApiKey\`.`,
  BIND_OPERATION: ({ operation }: Facts) => `Bind the key to this operation too (${operation}), with \`updateApiKey\`.`,
  STEP_UP: ({ level, maxAgeSeconds }: Facts) =>
    `Prove again who you are, at ${level}${maxAgeSeconds == null ? '' : `, ${maxAgeSeconds} seconds ago at most`}: \`stepUp\`.`,
  SATISFY_POLICY: ({ policies }: Facts) =>
    policies.length === 0
      ? 'Do what the policies of the operator ask for.'
      : `Do what the policies of the operator ask for: ${named(policies)}.`,
  RESTORE_ACCOUNT: () =>
    'Make the account work again: it is suspended, deleted, not confirmed, or its keys are in doubt.',
  ENABLE_KEY: () => 'Take the key up again, with `enableApiKey`.',
  REPLACE_KEY: () => 'Make a new key in the place of this one, which has ended.',
  GIVE_USES: () => 'Give the key uses anew, with `updateApiKey`.',
  WAIT: ({ retryAfterMs }: Facts) => `Wait for ${retryAfterMs} milliseconds.`,
  REGISTER_OPERATION: ({ operation }: Facts) => `Register the operation (${operation}), and ask it by its id.`,
  SHRINK_OPERATION: ({ limits }: Facts) =>
    `Ask for less at once: ${named(limits)} ${limits.length === 1 ? 'is' : 'are'} exceeded.`,
  CORRECT_OPERATION: () => 'Correct the operation.',
} as const

export type ChangeKind = keyof typeof kinds

/** Each member is empty, or `null`, where it says nothing of this kind of change. */
interface Facts {
  readonly scopes: readonly Scope[]
  /** Any one of them. */
  readonly roles: readonly string[]
  readonly coordinates: readonly string[]
  readonly limits: readonly string[]
  readonly policies: readonly string[]
  readonly level: 'AAL1' | 'AAL2' | null
  readonly maxAgeSeconds: number | null
  readonly operation: string | null
  readonly retryAfterMs: number | null
}

export interface Change extends Facts {
  readonly kind: ChangeKind
  readonly sentence: string
}

const nothing: Facts = {
  ...{ scopes: [], roles: [], coordinates: [], limits: [], policies: [] },
  ...{ level: null, maxAgeSeconds: null, operation: null, retryAfterMs: null },
}

export function changeOf(kind: ChangeKind, facts: Partial<Facts> = {}): Change {
  const whole = { ...nothing, ...facts }
  return { kind, sentence: kinds[kind](whole), ...whole }
}

const named = (names: readonly string[]): string => names.join(', ')
const those = ({ length }: readonly string[]): string => (length === 1 ? 'it' : 'them')
const oneOf = (noun: string, names: readonly string[]): string =>
  names.length === 1 ? `the ${noun} ${names[0]}` : `one of the ${noun}s ${named(names)}`
const byRole = (roles: readonly string[]): string => (roles.length === 0 ? '' : ` (${oneOf('role', roles)})`)

/** What the caller is after the change; `null` for a change that is not one of the caller. */
export function changed(subject: Subject, change: Change, clock: Clock): Subject | null {
  const { account, caller } = subject
  switch (change.kind) {
    case 'SIGN_IN':
      return inPerson({ userId: '', roles: change.roles.slice(0, 1), scopes: change.scopes }, justNow, clock)
    case 'ASK_IN_PERSON':
      return account && inPerson(account, justNow, clock)
    case 'GRANT_ROLE':
    case 'GRANT_SCOPES':
      return account && permitted(subject, { ...account, scopes: joined(account.scopes, change.scopes) })
    case 'ADD_SCOPES_TO_KEY':
      return withKey(subject, (key) => ({ ...key, scopes: joined(key.scopes, change.scopes) }))
    case 'WIDEN_ACCESS_LIST':
      return confined(subject, ({ access, ...rest }) => ({ ...rest, access: access && widened(access, change) }))
    case 'BIND_OPERATION':
      return confined(subject, ({ operations = [], ...rest }) => ({
        ...{ ...rest, operations: [...operations, change.operation ?? ''] },
      }))
    case 'STEP_UP': {
      const acr = change.level === 'AAL2' ? 'aal2' : 'aal1'
      return account && caller.principal.kind === 'user' ? inPerson(account, { acr, ageSeconds: 0 }, clock) : null
    }
    case 'SATISFY_POLICY':
      return subject
    case 'RESTORE_ACCOUNT':
    case 'ENABLE_KEY':
    case 'REPLACE_KEY':
      return { ...subject, refusal: null }
    default:
      return null
  }
}

const justNow = { acr: 'aal1', ageSeconds: 0 } as const
const joined = (held: readonly Scope[], more: readonly Scope[]): readonly Scope[] => [...new Set([...held, ...more])]

/** A key is judged with what its owner is permitted; a person keeps the proof that they have given. */
function permitted(subject: Subject, account: Account): Subject {
  const { key, principal } = subject.caller
  if (key) return { ...subject, account, caller: callerByKey(key, grantsOf(account)) }
  if (principal.kind !== 'user') return { ...subject, account }
  return { ...subject, account, caller: { principal: { ...principal, scopes: account.scopes } } }
}

const grantsOf = (account: Account) => ({ ...account, epoch: 0, active: true })

function withKey(subject: Subject, change: (key: ApiKeyRecord) => ApiKeyRecord): Subject | null {
  const { account, caller } = subject
  return caller.key && account ? { ...subject, caller: callerByKey(change(caller.key), grantsOf(account)) } : null
}

const confined = (subject: Subject, change: (confinement: Confinement) => Confinement): Subject | null =>
  withKey(subject, (key) => ({ ...key, confinement: change(key.confinement ?? {}) }))

/** What denies one of the coordinates denies it no more; what denies others is not asked about. */
function widened({ accepted, constants, ...access }: AccessList, { coordinates }: Change): AccessList {
  const left = Object.entries(constants ?? {}).filter(([argument]) => !coordinates.includes(argument))
  return {
    ...{ ...access, denied: [], constants: Object.fromEntries(left) },
    ...(accepted && { accepted: [...accepted, ...coordinates] }),
  }
}
