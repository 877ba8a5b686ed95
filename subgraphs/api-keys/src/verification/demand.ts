/** Whether a key covers what is asked of it. Pure. */
import type { Scope } from '@latchkey/principal'
import { type AccessList, deniedCoordinate } from '@latchkey/principal/access-list'
import type { Confinement } from '@latchkey/principal/confinement'
import type { Demand } from './verify-input.ts'

/**
 * What cannot be judged is denied: a key that is confined to coordinates where none is named or one cannot be read, to values of an argument, which
 * nobody tells here, or to documents, or registered ones, which are sent to the gateway alone.
 */
export function deniedDemand(
  { access, operations, persistedOperations: level }: Confinement,
  held: readonly Scope[],
  { scopes, coordinates }: Pick<Demand, 'scopes' | 'coordinates'>,
): 'ACL_DENIED' | 'SCOPE_DENIED' | null {
  const isForRegistered = level !== undefined && level !== 'LOG_UNKNOWN'
  if (operations || isForRegistered || (access && isDenied(access, coordinates))) return 'ACL_DENIED'
  return scopes.every((scope) => held.includes(scope)) ? null : 'SCOPE_DENIED'
}

/** `Type.field` or `Type.field(argument:)`: whatever is written otherwise is on no list that denies. */
const written = /^[_A-Za-z]\w*\.[_A-Za-z]\w*(?:\([_A-Za-z]\w*:\))?$/

function isDenied(access: AccessList, coordinates: readonly string[]): boolean {
  if (coordinates.length === 0 || !coordinates.every((coordinate) => written.test(coordinate))) return true
  // Whoever asks for an argument asks for its field, named or not.
  if (deniedCoordinate(access, [...coordinates, ...coordinates.map(fieldOf)]) !== null) return true
  const valued = Object.keys(access.constants ?? {}).map(fieldOf)
  return coordinates.some((coordinate) => valued.includes(fieldOf(coordinate)))
}

/** `Type.field` of `Type.field(argument:)`. */
const fieldOf = (coordinate: string): string => coordinate.split('(', 1)[0] ?? coordinate
