/** What a key may ask besides what its scopes permit: the operations that it is bound to, and its access list. */
import { hash } from 'node:crypto'
import { type AccessList, deniedCoordinate } from '@latchkey/principal/access-list'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { Problem } from '@latchkey/problem'
import type { Footprint } from '@latchkey/subgraph/coordinates'
import {
  type GraphQLSchema,
  getVariableValues,
  isInterfaceType,
  isObjectType,
  type VariableDefinitionNode,
} from 'graphql'
import { type ArgumentCheck, checksOf, type Values } from './argument-checks.ts'

export interface KeyAccess {
  /** Judges the text before anything is read in it. Throws FORBIDDEN, for the reason ACL_DENIED, unless the key may send it. */
  requireBound(key: ApiKeyRecord, query: string): void
  /** Throws FORBIDDEN, for the reason ACL_DENIED, naming the first coordinate that the key may not touch. */
  requireAllowed(key: ApiKeyRecord, operation: Footprint, variables: Values): void
  /** Whether a list lets all of them be touched, with whatever values. */
  allows(access: AccessList, coordinates: readonly string[]): boolean
  /** Every coordinate that the key may not touch, or not with these values, in the order of the operation: for whoever asks why. */
  refusedTo(key: ApiKeyRecord, operation: Footprint, variables: Values): readonly string[]
}

/** What binds a key to the text of an operation. */
export const digestOf = (query: string): string => hash('sha256', query, 'hex')

/** What does not depend on variables is found once for an operation and a list, and remembered while both last. */
export function createKeyAccess(schema: GraphQLSchema): KeyAccess {
  const judged = new WeakMap<AccessList, WeakMap<Footprint, Judgement>>()
  const judgementOf = (access: AccessList, operation: Footprint): Judgement => {
    const ofAccess = judged.get(access) ?? new WeakMap<Footprint, Judgement>()
    const known = ofAccess.get(operation)
    if (known) return known
    const judgement = judge(access, operation, schema)
    judged.set(access, ofAccess.set(operation, judgement))
    return judgement
  }
  return {
    requireBound({ keyId, confinement }, query) {
      const bound = confinement?.operations
      if (bound && !bound.includes(digestOf(query)))
        throw denied(`key ${keyId}: another operation`, 'This key runs only the operations that it is bound to.')
    },
    requireAllowed({ keyId, confinement }, operation, variables) {
      if (!confinement?.access) return
      const judgement = judgementOf(confinement.access, operation)
      const refused = judgement.denied ?? refusedValue(judgement, variables)
      if (refused === null) return
      const { coordinate, how } = refused
      throw denied(`key ${keyId}: ${coordinate}`, `This key may not ask ${coordinate}${how}.`)
    },
    allows: (access, coordinates) => deniedIn(access, coordinates, schema) === null,
    refusedTo({ confinement: { access } = {} }, operation, variables) {
      if (!access) return []
      const touched = [...operation.coordinates, ...operation.introspection]
      const denied = touched.filter((each) => deniedIn(access, [each], schema) !== null)
      const checks = checksOf(access, operation)
      const { coerced } = getVariableValues(schema, lookedAt(checks, operation), variables, { maxErrors: 1 })
      const failed = checks.filter(({ isAllowed }) => !isAllowed(coerced ?? {}))
      return [...new Set([...denied, ...failed.map(({ coordinate }) => coordinate)])]
    },
  }

  function refusedValue({ checks, variables }: Judgement, given: Values): Refused | null {
    if (checks.length === 0) return null
    if (checks.length === 0) return null
    const { coerced } = getVariableValues(schema, variables, given, { maxErrors: 1 })
    const failed = checks.find(({ isAllowed }) => !coerced || !isAllowed(coerced))
    return failed ? { coordinate: failed.coordinate, how: otherValue } : null
  }
}

interface Refused {
  readonly coordinate: string
  readonly how: string
}

interface Judgement {
  /** Whatever the variables are. */
  readonly denied: Refused | null
  /** What only the variables decide. */
  readonly checks: readonly ArgumentCheck[]
  /** Those that the checks look at. */
  readonly variables: readonly VariableDefinitionNode[]
}

const otherValue = ' without one of the values that it is confined to'

/** What is denied on an interface is denied on every type behind it, also on one that came to be there since the list was saved. */
function deniedByInterface({ denied }: AccessList, coordinates: readonly string[], schema: GraphQLSchema) {
  const only: AccessList = { allow: [], deny: [], denied }
  const isDenied = (coordinate: string): boolean => {
    const [, name = '', rest = '', field = ''] = /^(\w+)(\.(\w+).*)$/.exec(coordinate) ?? []
    const type = schema.getType(name)
    const interfaces = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : []
    const above = interfaces.filter((each) => Object.hasOwn(each.getFields(), field))
    return (
      deniedCoordinate(
        only,
        above.map((each) => `${each.name}${rest}`),
      ) !== null
    )
  }
  return denied.length === 0 ? null : (coordinates.find(isDenied) ?? null)
}

function judge(access: AccessList, operation: Footprint, schema: GraphQLSchema): Judgement {
  const coordinate = deniedIn(access, [...operation.coordinates, ...operation.introspection], schema)
  if (coordinate !== null) return refusing({ coordinate, how: '' })
  const checks = checksOf(access, operation)
  const failed = checks.find(({ names, isAllowed }) => names.length === 0 && !isAllowed({}))
  if (failed) return refusing({ coordinate: failed.coordinate, how: otherValue })
  const left = checks.filter(({ names }) => names.length > 0)
  return { denied: null, checks: left, variables: lookedAt(left, operation) }
}

const deniedIn = (access: AccessList, coordinates: readonly string[], schema: GraphQLSchema): string | null =>
  deniedCoordinate(access, coordinates) ?? deniedByInterface(access, coordinates, schema)

/** The variables that checks look at. */
function lookedAt(checks: readonly ArgumentCheck[], { variables }: Footprint): readonly VariableDefinitionNode[] {
  const used = new Set(checks.flatMap(({ names }) => names))
  return variables.filter(({ variable }) => used.has(variable.name.value))
}

const refusing = (denied: Refused): Judgement => ({ denied, checks: [], variables: [] })

const denied = (detail: string, sentence: string): Problem =>
  new Problem('FORBIDDEN', detail, {
    reason: 'ACL_DENIED',
    message: `${sentence} Its owner can change what it may ask with \`updateApiKey\`.`,
  })
