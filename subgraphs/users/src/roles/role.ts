/** Roles: named sets of scopes, and every scope there is. */
import type { Scope as ScopeName } from '@latchkey/principal'

export interface Scope {
  readonly name: ScopeName
  readonly description: string
}

/** A role that is built in, as far as code and schemas say what it permits. */
export interface BuiltInRole {
  readonly name: string
  readonly description: string
  readonly scopes: readonly ScopeName[]
}

const everyones: readonly Scope[] = [
  { name: 'profile:read', description: 'Read your own account.' },
  { name: 'profile:write', description: 'Change your own account.' },
  { name: 'sessions:read', description: 'See where you are signed in.' },
  { name: 'sessions:write', description: 'End your own sessions.' },
  { name: 'keys:read', description: 'See your own API keys.' },
  { name: 'keys:write', description: 'Create, change and revoke your own API keys.' },
]

const administrators: readonly Scope[] = [
  { name: 'users:read', description: "Read everyone's account." },
  { name: 'users:write', description: "Change everyone's account." },
  { name: 'roles:read', description: 'See the roles and what they permit.' },
  { name: 'roles:write', description: 'Grant and revoke roles, and change them.' },
  { name: 'audit:read', description: 'Read the audit records.' },
  { name: 'webhooks:read', description: 'See which webhooks are sent, and what became of them.' },
  { name: 'webhooks:write', description: 'Say which webhooks are sent, and where.' },
  { name: 'attempts:read', description: "See everyone's sign-in attempts." },
  { name: 'sessions:admin', description: "See and end everyone's sessions." },
  { name: 'sessions:impersonate', description: "Open somebody's account in their place, and look." },
  { name: 'sessions:impersonate:write', description: 'Change something there, besides looking.' },
  { name: 'keys:admin', description: "See and revoke everyone's API keys." },
]

/** What every account holds from the start. */
export const firstRole = 'user'

/** The roles and scopes of this installation. */
export interface RoleCatalogue {
  readonly roles: readonly BuiltInRole[]
  readonly scopes: readonly Scope[]
  isRole(name: string): boolean
  /** What the named roles permit together; a name that is no role permits nothing. */
  scopesOf(roleNames: readonly string[]): readonly ScopeName[]
}

/** A scope that a subgraph declares in its schema, with the roles that hold it from the start. */
export interface DeclaredScope extends Scope {
  readonly roles: readonly string[]
}

const described: Readonly<Record<string, string>> = {
  [firstRole]: 'Everyone with an account: their own things.',
  admin: "Administrators: everyone's things.",
}

const builtIn: readonly DeclaredScope[] = [
  ...everyones.map((scope) => ({ ...scope, roles: [firstRole, 'admin'] })),
  ...administrators.map((scope) => ({ ...scope, roles: ['admin'] })),
]

/** `declared`: what the subgraphs of this installation declare besides. A name that is built in keeps its meaning. */
export function createRoleCatalogue(declared: readonly DeclaredScope[] = []): RoleCatalogue {
  const added = declared.filter(({ name }) => !builtIn.some((own) => own.name === name))
  const every = [...builtIn, ...added]
  const scopesHeldBy = (role: string) => every.filter(({ roles }) => roles.includes(role)).map(({ name }) => name)
  const roles = Object.entries(described).map(([name, description]) => ({
    name,
    description,
    scopes: scopesHeldBy(name),
  }))
  return {
    roles,
    scopes: every.map(({ name, description }) => ({ name, description })),
    isRole: (name) => roles.some((role) => role.name === name),
    scopesOf: (names) => [...new Set(roles.filter(({ name }) => names.includes(name)).flatMap(({ scopes }) => scopes))],
  }
}
