/** Principals for tests, whole unless said otherwise. */
import type { ApiKeyPrincipal, ServicePrincipal, UserPrincipal } from './principal.ts'

/** What an ordinary user is permitted. */
const ordinaryScopes = ['profile:read', 'profile:write', 'sessions:read', 'sessions:write', 'keys:read', 'keys:write']

export const aUser = (overrides: Partial<UserPrincipal> = {}): UserPrincipal => ({
  kind: 'user',
  userId: 'usr_ada',
  sessionId: 'ses_ada',
  roles: ['user'],
  scopes: ordinaryScopes,
  amr: ['pwd'],
  acr: 'aal1',
  authTime: 1_900_000_000,
  ...overrides,
})

export const anApiKey = (overrides: Partial<ApiKeyPrincipal> = {}): ApiKeyPrincipal => ({
  kind: 'apiKey',
  keyId: 'Key000000001',
  ownerId: 'usr_ada',
  scopes: ['profile:read', 'sessions:read', 'keys:read'],
  restrictions: [],
  ...overrides,
})

export const aService = (name: string, scopes: readonly string[] = []): ServicePrincipal => ({
  kind: 'service',
  name,
  scopes,
})
