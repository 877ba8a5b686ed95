/** What is to be explained, and for whom: bounded before anything is done with it. */
import type { AssuranceLevel } from '@latchkey/principal'
import { badInput } from '@latchkey/problem'

/** As the schema takes it. */
export interface ExplainInput {
  readonly operation: string
  readonly operationName?: string | null
  readonly variables?: unknown
  readonly as?: ExplainedAsInput | null | undefined
}

export interface ExplainedAsInput {
  readonly userId?: string | null
  readonly apiKeyId?: string | null
  readonly roles?: readonly string[] | null
  readonly scopes?: readonly string[] | null
  readonly anonymous?: boolean | null
  readonly assurance?: 'AAL1' | 'AAL2' | null
  readonly proofAgeSeconds?: number | null
}

/** How well a person is taken to have proved who they are. */
export interface Proof {
  readonly acr: AssuranceLevel
  readonly ageSeconds: number
}

/** Somebody else than who asks. */
export type Somebody =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly userId: string; readonly proof: Proof }
  | { readonly kind: 'apiKey'; readonly keyId: string }
  | { readonly kind: 'roles'; readonly roles: readonly string[]; readonly proof: Proof }
  | { readonly kind: 'scopes'; readonly scopes: readonly string[]; readonly proof: Proof }

export interface Question {
  readonly query: string
  readonly operationName: string | undefined
  readonly variables: Readonly<Record<string, unknown>>
  /** `null`: who asks. */
  readonly as: Somebody | null
  /** Where the request would come from; empty when that is not known. */
  readonly address: string
}

const idLengthMax = 100
const nameLengthMax = 100
const rolesMax = 50
const scopesMax = 200
const ages = { min: 0, max: 366 * 86_400 }

/** @throws BAD_USER_INPUT naming every wrong field. */
export function parseQuestion({ operation, operationName, variables, as }: ExplainInput, address: string): Question {
  const faults = { ...faultOfVariables(variables), ...(as ? faultsOf(as) : {}) }
  if (Object.keys(faults).length > 0) throw badInput(faults)
  return {
    query: operation,
    operationName: operationName ?? undefined,
    variables: (variables ?? {}) as Readonly<Record<string, unknown>>, // judged above
    as: as ? somebody(as) : null,
    address: as ? '' : address,
  }
}

function faultOfVariables(variables: unknown): Record<string, string> {
  const isObject = typeof (variables ?? {}) === 'object' && !Array.isArray(variables)
  return isObject ? {} : { 'input.variables': 'must be an object, by the names of the variables' }
}

const kinds = ['userId', 'apiKeyId', 'roles', 'scopes', 'anonymous'] as const
const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== false

function faultsOf(as: ExplainedAsInput): Record<string, string> {
  const given = kinds.filter((kind) => isGiven(as[kind]))
  const proves = given[0] !== 'apiKeyId' && given[0] !== 'anonymous'
  const age = as.proofAgeSeconds ?? 0
  const faults = {
    'input.as': given.length === 1 ? null : `name exactly one of ${kinds.join(', ')}`,
    'input.as.userId': faultOfId(as.userId),
    'input.as.apiKeyId': faultOfId(as.apiKeyId),
    'input.as.roles': faultOfNames(as.roles, rolesMax),
    'input.as.scopes': faultOfNames(as.scopes, scopesMax),
    'input.as.assurance': proves || !isGiven(as.assurance) ? null : 'is for a person',
    'input.as.proofAgeSeconds': faultOfAge(age, proves || !isGiven(as.proofAgeSeconds)),
  }
  return Object.fromEntries(Object.entries(faults).flatMap(([field, fault]) => (fault ? [[field, fault]] : [])))
}

const faultOfId = (id: string | null | undefined): string | null =>
  id !== undefined && id !== null && id.length > idLengthMax ? `must be at most ${idLengthMax} characters` : null

function faultOfNames(names: readonly string[] | null | undefined, max: number): string | null {
  if (!names) return null
  if (names.length > max) return `must be at most ${max} names`
  return names.some((name) => name.length > nameLengthMax) ? `each must be at most ${nameLengthMax} characters` : null
}

function faultOfAge(age: number, mayBeGiven: unknown): string | null {
  if (!mayBeGiven) return 'is for a person'
  return age >= ages.min && age <= ages.max ? null : `must be ${ages.min} to ${ages.max} seconds`
}

function somebody({ userId, apiKeyId, roles, scopes, assurance, proofAgeSeconds }: ExplainedAsInput): Somebody {
  const proof: Proof = { acr: assurance === 'AAL2' ? 'aal2' : 'aal1', ageSeconds: proofAgeSeconds ?? 0 }
  if (isGiven(userId)) return { kind: 'user', userId: userId ?? '', proof }
  if (isGiven(apiKeyId)) return { kind: 'apiKey', keyId: apiKeyId ?? '' }
  if (roles) return { kind: 'roles', roles: [...new Set(roles)], proof }
  return scopes ? { kind: 'scopes', scopes: [...new Set(scopes)], proof } : { kind: 'anonymous' }
}
