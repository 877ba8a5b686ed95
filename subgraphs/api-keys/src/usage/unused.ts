/** What could be taken away from a key: what it holds, and nothing that it was answered about needed. */
import type { Scope } from '@latchkey/principal'
import type { Requirement, ScopeRequirements } from './scope-requirements.ts'

/** `Type.field` of `Type.field` and of `Type.field(argument:)`. */
const fieldOf = (coordinate: string): string => coordinate.replace(/\(.*$/, '')

const isMet = (requirement: Requirement, held: readonly Scope[]): boolean =>
  requirement.every((sets) => sets.some((set) => set.every((scope) => held.includes(scope))))

/**
 * Scopes without which everything that was used would still be answered, all of them taken away together. Where one of two would
 * do, the one goes that opens more of the graph.
 */
export function unusedScopes(
  held: readonly Scope[],
  used: readonly string[],
  requirements: ScopeRequirements,
): readonly Scope[] {
  // What the key does not hold now it was not answered by: that requirement has been changed since.
  const needed = [...new Set(used.map(fieldOf))]
    .map((field) => requirements.get(field) ?? [])
    .filter((requirement) => isMet(requirement, held))
  let kept = held
  for (const scope of broadestFirst(held, requirements)) {
    const without = kept.filter((other) => other !== scope)
    if (needed.every((requirement) => isMet(requirement, without))) kept = without
  }
  return held.filter((scope) => !kept.includes(scope))
}

function broadestFirst(held: readonly Scope[], requirements: ScopeRequirements): readonly Scope[] {
  const opens = new Map<Scope, number>()
  for (const requirement of requirements.values())
    for (const scope of new Set(requirement.flat(2))) opens.set(scope, (opens.get(scope) ?? 0) + 1)
  const breadth = (scope: Scope) => opens.get(scope) ?? 0
  // Of those that open equally much the one that names more than its own things: `keys:admin` before `keys:read`.
  const reach = (scope: Scope) => (scope.endsWith(':admin') ? 1 : 0)
  return [...held].sort((one, other) => reach(other) - reach(one) || breadth(other) - breadth(one))
}

/** Of the coordinates that a key was let to touch, those it did not. */
export const unusedCoordinates = (allowed: readonly string[], used: readonly string[]): readonly string[] => {
  const touched = new Set(used)
  return allowed.filter((coordinate) => !touched.has(coordinate))
}
