import { dayMs } from '@latchkey/clock'
import { clockAt, seededEntropy } from '@latchkey/clock/testing'
import { formatApiKeyText } from '@latchkey/principal/api-key-text'
import type { ApiKeyRecord, GrantsRecord } from '@latchkey/principal/credential-records'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { createKeyProof } from '@latchkey/principal/key-proof'
import { createKeyThrottle } from '@latchkey/principal/key-throttle'
import { wrongKeysIn } from '@latchkey/principal/wrong-keys'
import { memoryWrongKeys } from '@latchkey/principal/wrong-keys.memory'
import { Problem } from '@latchkey/problem'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { describe, expect, it } from 'vitest'
import type { RequestHeaders } from '../pipeline.ts'
import { createApiKeyRecogniser } from './api-key.ts'

const start = '2030-01-01T00:00:00Z'
const startMs = Date.parse(start)
const keyring = createKeyring(newKeyringMaterial(seededEntropy()), seededEntropy())
const text = formatApiKeyText({ environment: 'live', keyId: 'Key000000001', secret: 's'.repeat(43) })
const { keyId: pepperId, mac } = keyring.mac('api-key', text)

const key: ApiKeyRecord = {
  keyId: 'Key000000001',
  version: 1,
  ownerId: 'usr_ada',
  secretMac: mac.toString('base64url'),
  pepperId,
  scopes: ['profile:read', 'users:write'],
  confinement: { resources: ['project:1'] },
  environment: 'live',
  expiresAtMs: startMs + dayMs,
  revokedAtMs: null,
}
const grants: GrantsRecord = {
  userId: 'usr_ada',
  epoch: 1,
  active: true,
  roles: ['user'],
  scopes: ['profile:read', 'keys:read'],
}

async function house({ kept = 'known' }: { kept?: 'known' | 'unknown' } = {}) {
  const clock = clockAt(start)
  const records = memoryCredentialRecords({ clock })
  if (kept === 'known') await Promise.all([records.putApiKey(key), records.putGrants(grants)])
  const asked: string[] = []
  const macs: string[] = []
  const recognise = createApiKeyRecogniser({
    records: {
      ...records,
      apiKey: (id) => {
        asked.push(`record ${id}`)
        return records.apiKey(id)
      },
    },
    loadApiKey: async (id) => {
      asked.push(`key ${id}`)
      if (id !== key.keyId) return null
      await records.putApiKey(key)
      return key
    },
    loadGrants: async (id) => {
      asked.push(`grants ${id}`)
      await records.putGrants(grants)
      return grants
    },
    provesKey: createKeyProof({
      mac: (purpose, message) => {
        macs.push(message)
        return keyring.mac(purpose, message)
      },
      macWith: (purpose, id, message) => {
        macs.push(message)
        return keyring.macWith(purpose, id, message)
      },
    }),
    throttle: createKeyThrottle({
      store: memoryWrongKeys({ clock }),
      budget: wrongKeysIn(100),
      peppers: keyring,
      clock,
    }),
    environment: 'live',
    clock,
    foreignKeyIdOf: async () => null,
    renewKey: () => {},
  })
  return {
    clock,
    records,
    asked,
    macs,
    present: async (value: string, headers: RequestHeaders = {}, address = '192.0.2.1') =>
      (await recognise({ 'x-api-key': value, ...headers }, { address, userAgent: '' }))?.principal,
    recognise,
  }
}

const rejection = { code: 'CREDENTIAL_REJECTED' }

describe('an API key', () => {
  it('acts for its owner, with what it holds and the owner is still permitted', async () => {
    const { present, asked } = await house()
    expect(await present(text)).toEqual({
      kind: 'apiKey',
      keyId: 'Key000000001',
      ownerId: 'usr_ada',
      scopes: ['profile:read'],
      restrictions: ['project:1'],
    })
    expect(asked).toEqual(['record Key000000001'])
  })

  it('loses what its owner loses, with the next request', async () => {
    const { present, records } = await house()
    await present(text)
    await records.putGrants({ ...grants, epoch: 2, scopes: [] })
    expect(await present(text)).toMatchObject({ scopes: [] })
  })

  it('is asked for where the records do not know it, once', async () => {
    const { present, asked } = await house({ kept: 'unknown' })
    await present(text)
    expect(asked).toEqual(['record Key000000001', 'key Key000000001', 'grants usr_ada'])
    await present(text)
    expect(asked.slice(3)).toEqual(['record Key000000001'])
  })

  it('is not looked for where there is no x-api-key', async () => {
    expect(await (await house()).recognise({})).toBeNull()
  })

  it('is refused from the instant it expires, is disabled or revoked, and with its owner', async () => {
    const { present, records, clock } = await house()
    clock.advance(dayMs - 1)
    await present(text)
    clock.advance(1)
    await expect(present(text)).rejects.toMatchObject(rejection)
    await records.putApiKey({ ...key, version: 2, expiresAtMs: null })
    await present(text)
    await records.putGrants({ ...grants, epoch: 2, active: false })
    await expect(present(text)).rejects.toMatchObject(rejection)
    await records.putGrants({ ...grants, epoch: 3, activeUntilMs: clock.now().getTime() })
    await expect(present(text)).rejects.toMatchObject(rejection)
    await records.putGrants({ ...grants, epoch: 3, keysDoubted: true })
    await expect(present(text)).rejects.toMatchObject(rejection)
    await records.putGrants({ ...grants, epoch: 4, keysDoubted: false })
    await records.putApiKey({ ...key, version: 3, expiresAtMs: null, disabledAtMs: startMs })
    await expect(present(text)).rejects.toMatchObject(rejection)
    await records.putApiKey({ ...key, version: 4, expiresAtMs: null, disabledAtMs: null })
    await present(text)
    await records.putApiKey({ ...key, version: 5, revokedAtMs: startMs })
    await expect(present(text)).rejects.toMatchObject(rejection)
  })

  const forged = (parts: Partial<Parameters<typeof formatApiKeyText>[0]>) =>
    formatApiKeyText({ environment: 'live', keyId: 'Key000000001', secret: 's'.repeat(43), ...parts })
  it.each([
    ['no key at all', 'hello', 0],
    ['nothing', '', 0],
    ['a wrong checksum', `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`, 0],
    ['two keys', `${text}, ${text}`, 0],
    ['a key of the other environment', forged({ environment: 'test' }), 0],
    ['an unknown id', forged({ keyId: 'Key000000002' }), 2],
    ['another secret', forged({ secret: 't'.repeat(43) }), 2],
  ])('is refused when it is %s', async (_, value, asks) => {
    const { present, asked } = await house()
    await expect(present(value)).rejects.toMatchObject(rejection)
    expect(asked).toHaveLength(asks)
  })

  it('is checked once for a record; another text of its id, and a changed record, anew', async () => {
    const { present, records, macs } = await house()
    await present(text)
    await present(text)
    expect(macs).toEqual([text])
    const other = forged({ secret: 't'.repeat(43) })
    for (const _ of [1, 2]) await expect(present(other)).rejects.toMatchObject(rejection)
    expect(macs).toEqual([text, other, other, other, other])
    await records.putApiKey({ ...key, version: 2, secretMac: Buffer.from('another').toString('base64url') })
    await expect(present(text)).rejects.toMatchObject(rejection)
  })

  it('takes as much work to refuse when its secret is wrong as when nobody knows its id, and reads the same', async () => {
    const refusals = await Promise.all(
      [forged({ keyId: 'Key000000002' }), forged({ secret: 't'.repeat(43) })].map(async (value) => {
        const { present, asked, macs } = await house()
        const refused: unknown = await present(value).catch((thrown: unknown) => thrown)
        if (!(refused instanceof Problem)) throw refused
        const work = { asked: asked.map((each) => each.split(' ')[0]), macs: macs.length }
        return { work, status: refused.status, message: refused.message, extensions: refused.extensions }
      }),
    )
    expect(refusals[0]).toEqual(refusals[1])
    expect(refusals[0]).toMatchObject({ work: { asked: ['record', 'key'], macs: 2 }, status: 401 })
  })

  it('works from its networks alone, and for pages of its origins alone', async () => {
    const { present, records } = await house()
    const confinement = { networks: ['192.0.2.0/24'], origins: ['https://app.example.com'] }
    await records.putApiKey({ ...key, version: 2, confinement })
    const origin = 'https://app.example.com'
    await present(text, { origin })
    await expect(present(text, { origin }, '198.51.100.1')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      facts: { reason: 'IP_DENIED' },
    })
    for (const headers of [{}, { origin: 'https://app.example.com:8443' }, { origin: [origin, origin] }])
      await expect(present(text, headers)).rejects.toMatchObject({
        code: 'FORBIDDEN',
        facts: { reason: 'ORIGIN_DENIED' },
      })
  })

  it('is refused when its record belongs to the other environment, or its pepper is gone', async () => {
    const { present, records } = await house()
    await records.putApiKey({ ...key, version: 2, environment: 'test' })
    await expect(present(text)).rejects.toMatchObject(rejection)
    await records.putApiKey({ ...key, version: 3, pepperId: 'gone' })
    await expect(present(text)).rejects.toMatchObject(rejection)
  })
})
