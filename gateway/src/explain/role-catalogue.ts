/** The roles of the installation, as far as whoever asks may know them: which gives what, and by way of which. */
import type { Principal, Scope } from '@latchkey/principal'
import { isProblemCode, Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'

/** A role, as far as it matters who holds what by it. */
export interface KnownRole {
  readonly name: string
  /** With everything that it includes. */
  readonly scopes: readonly Scope[]
  readonly ownScopes: readonly Scope[]
  readonly includes: readonly string[]
}

export interface RoleCatalogue {
  readonly has: (name: string) => boolean
  /** What the named roles permit together. */
  scopesOf(names: readonly string[]): readonly Scope[]
  /** The roles that give a scope, the one that permits least first. */
  giving(scope: Scope): readonly KnownRole[]
  /** From each of the named roles the shortest way to one that gives the scope by itself. */
  pathsTo(scope: Scope, from: readonly string[]): readonly (readonly string[])[]
}

export function createRoleCatalogue(roles: readonly KnownRole[]): RoleCatalogue {
  const byName = new Map(roles.map((role) => [role.name, role]))
  const leastFirst = roles.toSorted((one, other) => one.scopes.length - other.scopes.length)

  function pathTo(scope: Scope, from: string): readonly string[] | null {
    const waiting = [[from]]
    const seen = new Set([from])
    for (let path = waiting.shift(); path; path = waiting.shift()) {
      const role = byName.get(path.at(-1) ?? '')
      if (role?.ownScopes.includes(scope)) return path
      for (const next of role?.includes ?? []) {
        if (seen.has(next)) continue
        seen.add(next)
        waiting.push([...path, next])
      }
    }
    return null
  }

  return {
    has: (name) => byName.has(name),
    scopesOf: (names) => [...new Set(names.flatMap((name) => byName.get(name)?.scopes ?? []))],
    giving: (scope) => leastFirst.filter(({ scopes }) => scopes.includes(scope)),
    pathsTo: (scope, from) => from.flatMap((name) => [pathTo(scope, name) ?? []].filter((path) => path.length > 0)),
  }
}

/** `null`: they may not list the roles. Rejects with UNAVAILABLE when Users does not answer. */
export type AskRoles = (principal: Principal, requestId: string) => Promise<RoleCatalogue | null>

const rolesQuery = '{ roles { name scopes ownScopes includes } }'
/** Whoever is refused with one of these is told no roles, and everything else. */
const refusals: readonly unknown[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'STEP_UP_REQUIRED']

/** Asks Users in the name of whoever asks: what they may know of roles is decided there. */
export const rolesFromUsers =
  (users: SubgraphTransport | undefined): AskRoles =>
  async (principal, requestId) => {
    if (!users) return null
    const { data, errors } = await users({ query: rolesQuery, variables: {}, principal, requestId })
    const code = errors?.[0]?.extensions?.code
    if (errors?.[0] && refusals.includes(code)) return null
    if (errors?.[0])
      throw new Problem(isProblemCode(code) && code !== 'INTERNAL' ? code : 'UNAVAILABLE', errors[0].message)
    return createRoleCatalogue((data?.roles ?? []) as readonly KnownRole[]) // as the subgraph's schema says
  }
