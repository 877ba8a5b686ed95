/** The classes of principals: the columns of the matrix, and whom its tests sign in. */
import { type Clock, secondMs } from '@latchkey/clock'
import { anonymous, type Principal, type Scope } from '@latchkey/principal'
import type { DeclaredScope } from '@latchkey/subgraph/scope-catalogue'
import { createRoleCatalogue, firstRole } from '@latchkey/users'

/** Who everybody in the matrix is, and somebody else. */
export const [themselves, somebodyElse] = ['usr_themselves', 'usr_somebody_else'] as const

interface ClassOf<Kind extends string> {
  readonly name: string
  /** For the reader of the matrix. */
  readonly says: string
  readonly kind: Kind
}

/**
 * A person signed in with one factor, and some time ago; a key is its owner's, and holds what it says; a service is itself.
 */
export type PrincipalClass =
  | ClassOf<'anonymous'>
  | (ClassOf<'person'> & { readonly role: string; readonly scopes: readonly Scope[] })
  | (ClassOf<'key'> & { readonly role: string; readonly scopes: readonly Scope[] })
  | ClassOf<'service'>

/** Whoever may come through the gateway. `declared`: the scopes of other teams' subgraphs. */
export function callerClasses(declared: readonly DeclaredScope[]): readonly PrincipalClass[] {
  const { roles, scopes, scopesOf } = createRoleCatalogue(declared)
  // Whoever holds another role holds everybody's as well.
  const heldWith = (role: string): readonly Scope[] => scopesOf([firstRole, role])
  const person = (role: string): PrincipalClass => ({
    ...{ name: role, kind: 'person', role, scopes: heldWith(role) },
    says: `a person with the role \`${role}\`, signed in with one factor an hour ago`,
  })
  const key = (name: string, says: string, role: string, held: readonly Scope[]): PrincipalClass => ({
    ...{ name, kind: 'key', says, role, scopes: held },
  })
  const ordinary = heldWith(firstRole)
  const every = scopes.map(({ name }) => name)
  return [
    { name: 'anonymous', kind: 'anonymous', says: 'no credential' },
    ...roles.map(({ name }) => person(name)),
    key('reading key', 'a user’s key with the scopes that end in `:read`', firstRole, ordinary.filter(reads)),
    key('full key', 'a user’s key with every scope of an ordinary user', firstRole, ordinary),
    key('admin key', 'an administrator’s key with every scope there is', 'admin', every),
  ]
}

const reads = (scope: Scope): boolean => scope.endsWith(':read')

/** Whoever asks a subgraph past the gateway: the gateway as itself, and every subgraph. */
export const serviceClasses = (subgraphs: readonly string[]): readonly PrincipalClass[] =>
  ['gateway', ...subgraphs].map((name) => ({
    name: `service ${name}`,
    kind: 'service',
    says: `the service \`${name}\``,
  }))

/** `shown`: the same person who has this moment proved with two factors who they are. */
export type Proof = 'old' | 'shown'

const hourS = 3_600

export function principalOf(each: PrincipalClass, proof: Proof, clock: Clock): Principal {
  if (each.kind === 'anonymous') return anonymous
  if (each.kind === 'service') return { kind: 'service', name: each.name.replace('service ', ''), scopes: [] }
  const { role, scopes } = each
  if (each.kind === 'key')
    return { kind: 'apiKey', keyId: 'Key000000001', ownerId: themselves, scopes, restrictions: [] }
  const nowS = Math.floor(clock.now().getTime() / secondMs)
  const shown = { amr: ['pwd', 'otp', 'mfa'], acr: 'aal2', authTime: nowS } as const
  const old = { amr: ['pwd'], acr: 'aal1', authTime: nowS - hourS } as const
  const proved = proof === 'shown' ? shown : old
  return { kind: 'user', userId: themselves, sessionId: 'ses_themselves', roles: [role], scopes, ...proved }
}
