/** Who is asking. */

export type Scope = string

/** How strong the sign-in was (`acr`): one factor, or two. */
export type AssuranceLevel = 'aal1' | 'aal2'

export interface AnonymousPrincipal {
  readonly kind: 'anonymous'
}

/** Who acts in a person's place (`act`, RFC 8693 section 4.1): a member of the staff. */
export interface Impersonator {
  /** The staff member. */
  readonly sub: string
  /** Whether they may change anything, and not only look. */
  readonly write: boolean
}

export interface UserPrincipal {
  readonly kind: 'user'
  readonly userId: string
  readonly sessionId: string
  readonly roles: readonly string[]
  /** What the user's roles permit at this moment. */
  readonly scopes: readonly Scope[]
  /** Authentication methods, RFC 8176 names (`pwd`, `otp`, …). */
  readonly amr: readonly string[]
  readonly acr: AssuranceLevel
  /** When the person proved who they are, in seconds since 1970 (OIDC `auth_time`). */
  readonly authTime: number
  /** Absent: the person themselves. */
  readonly act?: Impersonator
}

export interface ApiKeyPrincipal {
  readonly kind: 'apiKey'
  readonly keyId: string
  /** The user the key acts for. */
  readonly ownerId: string
  /** What the key holds and its owner is still permitted. */
  readonly scopes: readonly Scope[]
  /** Limits for subgraphs to apply, such as `project:123`. Empty: none. */
  readonly restrictions: readonly string[]
}

export interface ServicePrincipal {
  readonly kind: 'service'
  readonly name: string
  readonly scopes: readonly Scope[]
}

/** Rules and resolvers see exactly one of these. Plain JSON: it crosses a process unchanged. */
export type Principal = AnonymousPrincipal | UserPrincipal | ApiKeyPrincipal | ServicePrincipal

export const anonymous: AnonymousPrincipal = Object.freeze({ kind: 'anonymous' })

export const isSignedIn = (principal: Principal): principal is UserPrincipal | ApiKeyPrincipal =>
  principal.kind === 'user' || principal.kind === 'apiKey'

/** Whoever acts for a person looks and changes nothing, unless they were let. */
export const mayChange = (principal: Principal): boolean =>
  principal.kind !== 'user' || !principal.act || principal.act.write

/** The user this principal speaks for: themselves, or the owner of the key. */
export const actingUserId = (principal: Principal): string | null =>
  principal.kind === 'user' ? principal.userId : principal.kind === 'apiKey' ? principal.ownerId : null

export const scopesOf = (principal: Principal): readonly Scope[] =>
  principal.kind === 'anonymous' ? [] : principal.scopes

export const holdsScope = (principal: Principal, scope: Scope): boolean => scopesOf(principal).includes(scope)

/** What counts for a credential: what it holds and its owner is still permitted. */
export const intersectScopes = (held: readonly Scope[], permitted: readonly Scope[]): readonly Scope[] =>
  held.filter((scope) => permitted.includes(scope))
