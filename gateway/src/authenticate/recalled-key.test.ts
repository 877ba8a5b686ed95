import { clockAt, seededEntropy } from '@latchkey/clock/testing'
import { formatApiKeyText } from '@latchkey/principal/api-key-text'
import type { ApiKeyRecord, GrantsRecord } from '@latchkey/principal/credential-records'
import { createKeyProof } from '@latchkey/principal/key-proof'
import { createKeyThrottle } from '@latchkey/principal/key-throttle'
import { wrongKeysIn } from '@latchkey/principal/wrong-keys'
import { memoryWrongKeys } from '@latchkey/principal/wrong-keys.memory'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { describe, expect, it } from 'vitest'
import type { RequestHeaders } from '../pipeline.ts'
import { callerByKey } from './api-key.ts'
import { createApiKeyRecall } from './recalled-key.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const keyring = createKeyring(newKeyringMaterial(seededEntropy()), seededEntropy())
const text = formatApiKeyText({ environment: 'live', keyId: 'Key000000001', secret: 's'.repeat(43) })
const { keyId: pepperId, mac } = keyring.mac('api-key', text)
const key: ApiKeyRecord = {
  ...{ keyId: 'Key000000001', version: 1, ownerId: 'usr_ada', secretMac: mac.toString('base64url'), pepperId },
  ...{ scopes: ['profile:read'], environment: 'live', expiresAtMs: null, revokedAtMs: null },
}
const grants: GrantsRecord = { userId: 'usr_ada', epoch: 1, active: true, roles: [], scopes: ['profile:read'] }

function recalling() {
  const told: string[] = []
  const notStopped = (network: string) => ({ key: `stopped ${network}`, digest: null })
  const store = { ...memoryWrongKeys({ clock }), notStopped, welcome: async () => void told.push('welcome') }
  const recall = createApiKeyRecall({
    records: { remembered: (keyId) => (keyId === key.keyId ? { key, grants, proviso: [] } : null) },
    throttle: createKeyThrottle({ store, budget: wrongKeysIn(100), peppers: keyring, clock }),
    renewKey: ({ keyId }) => void told.push(`renew ${keyId}`),
    ...{ provesKey: createKeyProof(keyring), environment: 'live', clock },
  })
  const by = (headers: RequestHeaders) => recall?.(headers, { address: '192.0.2.1', userAgent: '' })
  return { by, told }
}

describe('a caller who is recalled by a key', () => {
  it('is the one who would be authenticated, and is let in when that is confirmed', () => {
    const { by, told } = recalling()
    const recalled = by({ 'x-api-key': text })
    expect(recalled?.caller).toBe(callerByKey(key, grants))
    expect(recalled?.proviso).toMatchObject([{ digest: null }])
    expect(told).toEqual([])
    recalled?.confirmed()
    expect(told).toEqual(['welcome', 'renew Key000000001'])
  })

  it.each<[string, RequestHeaders]>([
    ['brings an access token besides', { 'x-api-key': text, authorization: 'Bearer x' }],
    ['brings a cookie besides', { 'x-api-key': text, cookie: 'a=b' }],
    ['brings two keys', { 'x-api-key': [text, text] }],
    ['brings none', {}],
    ['brings one that is not known', { 'x-api-key': text.replace('Key', 'Yek') }],
  ])('is nobody who %s', (_what, headers) => {
    expect(recalling().by(headers)).toBeNull()
  })

  it('is nobody where records are not remembered', () => {
    const throttle = createKeyThrottle({
      store: memoryWrongKeys({ clock }),
      budget: 'unlimited',
      peppers: keyring,
      clock,
    })
    const terms = {
      throttle,
      provesKey: createKeyProof(keyring),
      environment: 'live',
      clock,
      renewKey: () => {},
    } as const
    expect(createApiKeyRecall({ records: {}, ...terms })).toBeUndefined()
  })
})
