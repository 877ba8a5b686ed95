/** Of the requests that come, which are let in last to be refused: what ends a danger, and what lets people in. */
import type { Footprint } from '@latchkey/subgraph/coordinates'

/** From what is kept longest to what is refused first. `unknown`: never seen, so that parsing and planning it is still to come. */
export type Rank = 'kept' | 'own' | 'usual' | 'unknown'

/** Signing in, staying signed in, and taking back what somebody else may be using. */
const keptFields = new Set([
  'signIn',
  'completeSecondFactor',
  'finishPasskeySignIn',
  'refreshSession',
  'signOut',
  'revokeSession',
  'revokeOtherSessions',
  'revokeAllSessions',
  'revokeApiKey',
  'disableApiKey',
  'suspendUser',
])

export interface Ranked extends Pick<Footprint, 'coordinates'> {
  readonly kind: string
}

/** `undefined`: it is not prepared. Every field at its root counts: what is kept carries nothing else past the door. */
export function rankOf(operation: Ranked | undefined): Rank {
  if (!operation) return 'unknown'
  const { kind, coordinates } = operation
  if (kind === 'mutation')
    return rootsOf(coordinates, 'Mutation').every((field) => keptFields.has(field)) ? 'kept' : 'usual'
  return rootsOf(coordinates, 'Query').every((field) => field === 'me') ? 'own' : 'usual'
}

const rootsOf = (coordinates: readonly string[], type: 'Query' | 'Mutation'): readonly string[] =>
  coordinates.flatMap((coordinate) => {
    const [parent, field = ''] = coordinate.split('.')
    return parent === type && !field.includes('(') ? [field] : []
  })
