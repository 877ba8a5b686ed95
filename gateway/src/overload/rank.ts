/** Of the requests that come, which are let in last to be refused: what ends a danger, and what lets people in. */
import type { Footprint } from '@latchkey/subgraph/coordinates'

/**
 * From what is kept longest to what is refused first. `opening`: a stream, which goes on taking once it is open. `unknown`: never
 * seen, so that parsing and planning it is still to come.
 */
export type Rank = 'ending' | 'entering' | 'own' | 'usual' | 'opening' | 'unknown'

/** Taking back what somebody else may be using. */
const endingFields = new Set([
  'signOut',
  'revokeSession',
  'revokeOtherSessions',
  'revokeAllSessions',
  'revokeApiKey',
  'disableApiKey',
  'suspendUser',
])

/** Signing in, and staying signed in. */
const enteringFields = new Set(['signIn', 'completeSecondFactor', 'finishPasskeySignIn', 'refreshSession'])

export interface Ranked extends Pick<Footprint, 'coordinates'> {
  readonly kind: string
}

/** `undefined`: it is not prepared. Every field at its root counts: what is kept carries nothing else past the door. */
export function rankOf(operation: Ranked | undefined): Rank {
  if (!operation) return 'unknown'
  const { kind, coordinates } = operation
  if (kind === 'subscription') return 'opening'
  if (kind !== 'mutation') return rootsOf(coordinates, 'Query').every((field) => field === 'me') ? 'own' : 'usual'
  const fields = rootsOf(coordinates, 'Mutation')
  if (fields.every((field) => endingFields.has(field))) return 'ending'
  return fields.every((field) => endingFields.has(field) || enteringFields.has(field)) ? 'entering' : 'usual'
}

const rootsOf = (coordinates: readonly string[], type: 'Query' | 'Mutation'): readonly string[] =>
  coordinates.flatMap((coordinate) => {
    const [parent, field = ''] = coordinate.split('.')
    return parent === type && !field.includes('(') ? [field] : []
  })
