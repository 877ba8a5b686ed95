import type { CredentialRecords } from '@latchkey/principal/credential-records'
import { aService, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

const ada = aUser({ userId: 'usr_ada' })
const gateway = aService('gateway')

/** Records that fail while told to, and otherwise are the real ones. */
function breakable() {
  let broken = false
  const over = (records: CredentialRecords): CredentialRecords => ({
    ...records,
    putApiKey: (key) => (broken ? Promise.reject(new Problem('UNAVAILABLE', 'told to fail')) : records.putApiKey(key)),
  })
  return {
    over,
    set: (state: 'broken' | 'whole') => {
      broken = state === 'broken'
    },
  }
}

const breaker = breakable()
let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys({ recordsOver: breaker.over })
})
afterAll(() => app.stop())

const recordFields =
  'keyId version ownerId secretMac pepperId scopes confinement environment expiresAt revokedAt successorId'
const askRecord = (id: string) => app.ask(gateway, `{ apiKeyRecord(id: "${id}") { ${recordFields} } }`)
const copyOf = async (id: string) => (await app.records.apiKey(id)).key
const rowOf = (id: string) => app.database.prisma.apiKey.findUniqueOrThrow({ where: { id } })

describe('the record of a key', () => {
  it('is there before the key is answered, and says what the gateway needs', async () => {
    const { id } = await app.create(ada, { scopes: ['keys:read', 'profile:read'] })
    const row = await rowOf(id)
    expect(await copyOf(id)).toEqual({
      keyId: id,
      version: 1,
      ownerId: 'usr_ada',
      secretMac: Buffer.from(row.secretMac).toString('base64url'),
      pepperId: row.pepperId,
      scopes: ['keys:read', 'profile:read'],
      confinement: {},
      environment: 'test',
      expiresAtMs: Date.parse('2030-04-01T00:00:00Z'),
      disabledAtMs: null,
      revokedAtMs: null,
      successorId: null,
    })
  })

  it('says that the key is revoked before the revocation is answered', async () => {
    const { id } = await app.create(ada)
    await app.revoke(ada, id)
    expect(await copyOf(id)).toMatchObject({ version: 2, revokedAtMs: Date.parse('2030-01-01T00:00:00Z') })
  })

  it('is told to the gateway from Postgres, and is in the records from then on', async () => {
    breaker.set('broken')
    const { id } = await app.create(ada)
    breaker.set('whole')
    expect(await copyOf(id)).toBeNull()

    const answer = await askRecord(id)
    expect(answer.data?.apiKeyRecord).toMatchObject({
      keyId: id,
      expiresAt: '2030-04-01T00:00:00.000Z',
      revokedAt: null,
    })
    expect(await copyOf(id)).toMatchObject({ keyId: id, version: 1 })

    await app.revoke(ada, id)
    expect((await askRecord(id)).data?.apiKeyRecord).toMatchObject({
      version: 2,
      revokedAt: '2030-01-01T00:00:00.000Z',
    })
  })

  it('is null for a key that never was', async () => {
    expect(await askRecord('NoSuchKey123')).toEqual({ data: { apiKeyRecord: null } })
  })

  it('is not brought back to life by what was read before the revocation', async () => {
    const { id } = await app.create(ada)
    const before = await copyOf(id)
    await app.revoke(ada, id)
    if (before) await app.records.putApiKey(before)
    expect(await copyOf(id)).toMatchObject({ version: 2, revokedAtMs: expect.any(Number) })
  })
})

describe('when the records cannot be written', () => {
  it('refuses a revocation as a whole: no key looks revoked that every gateway still accepts', async () => {
    const { id } = await app.create(ada)
    breaker.set('broken')
    const answer = await app.revoke(ada, id)
    breaker.set('whole')
    expect(answer.errors?.[0]?.extensions?.code).toBe('UNAVAILABLE')
    expect(await rowOf(id)).toMatchObject({ revokedAt: null, version: 1 })
    expect(await app.database.prisma.apiKeysAuditRecord.count({ where: { target: id } })).toBe(1)

    expect((await app.revoke(ada, id)).errors).toBeUndefined()
    expect(await copyOf(id)).toMatchObject({ version: 2 })
  })

  it('answers UNAVAILABLE when a record is asked for', async () => {
    const { id } = await app.create(ada)
    breaker.set('broken')
    const answer = await askRecord(id)
    breaker.set('whole')
    expect(answer.errors?.[0]?.extensions?.code).toBe('UNAVAILABLE')
  })

  it('writes the record again when a revoked key is revoked again', async () => {
    const { id } = await app.create(ada)
    await app.database.prisma.apiKey.update({ where: { id }, data: { revokedAt: app.clock.now(), version: 2 } })
    expect(await copyOf(id)).toMatchObject({ version: 1, revokedAtMs: null })
    await app.revoke(ada, id)
    expect(await copyOf(id)).toMatchObject({ version: 2, revokedAtMs: expect.any(Number) })
  })
})
