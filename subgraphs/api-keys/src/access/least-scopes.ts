/** The fewest scopes with which operations pass. Pure. */
import type { Scope } from '@latchkey/principal'

/** Of each member one set must be held whole. */
type Requirements = readonly (readonly (readonly Scope[])[])[]

export interface Needs {
  readonly scopes: readonly Scope[]
  /** What nobody can grant who holds no more: of each member one set would do. */
  readonly missing: Requirements
}

/** How many choices are looked at; beyond them the best so far counts. */
const choicesMax = 2_000

/** Of scopes that are held alone. Of two choices of one size the one whose sets the schema names first. */
export function leastScopes(requirements: Requirements, held: readonly Scope[]): Needs {
  const distinct = [...new Map(requirements.map((sets) => [JSON.stringify(sets), sets])).values()]
  const grantable = distinct.map((sets) => sets.filter((set) => set.every((scope) => held.includes(scope))))
  const missing = distinct.filter((_, at) => grantable[at]?.length === 0)
  if (missing.length > 0) return { scopes: [], missing }
  // Where there is no choice first: whatever it brings is there for the others.
  const ordered = [...grantable].sort((one, other) => one.length - other.length)
  return { scopes: fewest(ordered), missing: [] }
}

function fewest(requirements: Requirements): readonly Scope[] {
  let best: readonly Scope[] | null = null
  let choices = 0
  const choose = (at: number, chosen: readonly Scope[]): void => {
    if ((best && chosen.length >= best.length) || (best && choices > choicesMax)) return
    choices += 1
    const sets = requirements[at]
    if (!sets) {
      best = chosen
      return
    }
    const isMet = sets.some((set) => set.every((scope) => chosen.includes(scope)))
    for (const set of isMet ? [[]] : sets) choose(at + 1, [...new Set([...chosen, ...set])])
  }
  choose(0, [])
  return best ?? []
}
