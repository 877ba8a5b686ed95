/** The fewest changes by which somebody comes to hold what an operation needs. Pure. */
import type { Scope } from '@latchkey/principal'
import type { AccessRequirement } from '@latchkey/subgraph/access-requirements'
import { type Change, changeOf } from './change.ts'
import type { KnownRole, RoleCatalogue } from './role-catalogue.ts'

/** So many are told. */
export const alternativesMax = 5
/** Bounds of the search: ways to choose among sets of scopes, groups of roles, and how many of those together. */
const choicesMax = 16
const groupsMax = 16
const rolesTogetherMax = 4

/** The sets of scopes of which holding one whole besides what is held is enough, none of them within another, the smallest first. */
export function missingScopes(
  { scopes }: Pick<AccessRequirement, 'scopes'>,
  held: readonly Scope[],
): readonly (readonly Scope[])[] {
  let choices: readonly (readonly Scope[])[] = [[]]
  for (const sets of scopes) {
    const missing = sets.map((set) => set.filter((scope) => !held.includes(scope)))
    if (missing.some(({ length }) => length === 0)) continue
    choices = leastOf(choices.flatMap((choice) => missing.map((set) => [...new Set([...choice, ...set])])))
  }
  return choices
}

function leastOf(choices: readonly (readonly Scope[])[]): readonly (readonly Scope[])[] {
  const least: (readonly Scope[])[] = []
  for (const choice of choices.toSorted((one, other) => one.length - other.length))
    if (!least.some((known) => known.every((scope) => choice.includes(scope)))) least.push(choice)
  return least.slice(0, choicesMax)
}

/** The shortest of the lists, as many as are told, each once. */
export function fewest(alternatives: readonly (readonly Change[])[]): readonly (readonly Change[])[] {
  const least = Math.min(...alternatives.map(({ length }) => length))
  const told = new Map(
    alternatives.filter(({ length }) => length === least).map((changes) => [JSON.stringify(changes), changes]),
  )
  return [...told.values()].slice(0, alternativesMax)
}

/** Roles that give the scopes, the fewest together. Without knowing the roles, and of what no role gives: the scopes themselves. */
export function grants(scopes: readonly Scope[], roles: RoleCatalogue | null): readonly (readonly Change[])[] {
  if (scopes.length === 0) return [[]]
  const given = scopes.filter((scope) => roles && roles.giving(scope).length > 0)
  const rest = scopes.filter((scope) => !given.includes(scope))
  const byHand = rest.length > 0 ? [changeOf('GRANT_SCOPES', { scopes: rest })] : []
  if (!roles || given.length === 0) return [byHand]
  return covers(given, alike(given, roles)).map((groups) => [...groups.map(grantOf), ...byHand])
}

/** Roles that give the same of what is wanted. */
interface Alike {
  readonly scopes: readonly Scope[]
  readonly roles: readonly KnownRole[]
}

const grantOf = ({ scopes, roles }: Alike): Change =>
  changeOf('GRANT_ROLE', { scopes, roles: roles.map(({ name }) => name) })

/** By what they give of it, what gives most first. */
function alike(wanted: readonly Scope[], catalogue: RoleCatalogue): readonly Alike[] {
  const groups = new Map<string, Alike>()
  for (const role of new Set(wanted.flatMap((scope) => catalogue.giving(scope)))) {
    const scopes = wanted.filter((scope) => role.scopes.includes(scope))
    const name = scopes.join()
    groups.set(name, { scopes, roles: [...(groups.get(name)?.roles ?? []), role] })
  }
  return [...groups.values()].toSorted((one, other) => other.scopes.length - one.scopes.length).slice(0, groupsMax)
}

/** The fewest groups that give everything together; the groups one by one when even so many do not. */
function covers(wanted: readonly Scope[], groups: readonly Alike[]): readonly (readonly Alike[])[] {
  let tried: readonly (readonly Alike[])[] = [[]]
  for (let together = 1; together <= rolesTogetherMax; together++) {
    tried = tried.flatMap((some) =>
      groups.slice(groups.indexOf(some.at(-1) as Alike) + 1).map((next) => [...some, next]),
    )
    const whole = tried.filter((some) => wanted.every((scope) => some.some(({ scopes }) => scopes.includes(scope))))
    if (whole.length > 0) return whole.slice(0, alternativesMax)
  }
  return [groups]
}
