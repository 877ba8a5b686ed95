/** Principals for tests, whole unless said otherwise; and the time in Redis, held still. */
import { createHash } from 'node:crypto'
import { type Clock, secondMs } from '@latchkey/clock'
import type { ApiKeyPrincipal, ServicePrincipal, UserPrincipal } from './principal.ts'
import type { Redis } from './redis.ts'
import { timeCall } from './redis-time.ts'

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

/**
 * Scripts that this connection sends find the time that `clock` tells. No script takes it from whoever runs it, so its text is
 * changed on the way; keys still end by the time of Redis.
 */
export function holdRedisTime(redis: Redis, clock: Clock): void {
  const send = redis.sendCommand.bind(redis)
  const texts = new Map<string, string>()
  redis.sendCommand = (command, stream) => {
    if (command.name !== 'eval' && command.name !== 'evalsha') return send(command, stream)
    const sent = String(command.args[0])
    const script = command.name === 'eval' ? sent : texts.get(sent)
    if (script === undefined) {
      command.reject(new Error('NOSCRIPT its text was not heard of yet'))
      return command.promise
    }
    texts.set(createHash('sha1').update(script).digest('hex'), script)
    command.name = 'eval'
    const nowMs = clock.now().getTime()
    const held = `{${Math.floor(nowMs / secondMs)}, ${(nowMs % secondMs) * 1_000}}`
    command.args[0] = script.replaceAll(timeCall, held)
    return send(command, stream)
  }
}
