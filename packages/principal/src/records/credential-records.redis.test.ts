import { hourMs, minuteMs } from '@latchkey/clock'
import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { openRedis, type Redis } from '../redis.ts'
import { grantsOf, keepsCredentialRecords } from './credential-records.contract.ts'
import { redisCredentialRecords, sessionKey } from './credential-records.redis.ts'

const server = testRedis()

describe.skipIf(!server)('in Redis', () => {
  const opened: Redis[] = []
  afterAll(() => {
    for (const redis of opened) redis.disconnect()
  })

  async function connected(): Promise<Redis> {
    const redis = openRedis(server?.url ?? '', storePatienceMs)
    await redis.connect()
    opened.push(redis)
    return redis
  }

  const recordsOn = async () => ({ redis: await connected(), prefix: testRedis()?.prefix ?? '' })

  keepsCredentialRecords(async () => ({ records: redisCredentialRecords(await recordsOn()), nowMs: Date.now() }))

  it('a session outlasts its end by no touch of a process that is behind', async () => {
    const { redis, prefix } = await recordsOn()
    const records = redisCredentialRecords({ redis, prefix })
    const nowMs = Date.now()
    await records.putSession({
      ...{ sessionId: 'ses_behind', userId: 'usr_1', amr: ['pwd'], acr: 'aal1', device: 'test' },
      ...{ authTimeMs: nowMs, createdAtMs: nowMs, lastSeenAtMs: nowMs, endsAtMs: nowMs + minuteMs },
    })
    await records.touchSession('ses_behind', { atMs: nowMs - hourMs, network: null })
    expect(await redis.pttl(sessionKey(prefix, 'ses_behind'))).toBeLessThanOrEqual(minuteMs)
  })

  it('every record has an end', async () => {
    const { redis, prefix } = await recordsOn()
    const records = redisCredentialRecords({ redis, prefix })
    await records.putGrants(grantsOf('usr_1', 1))
    for (const key of await redis.keys(`${prefix}*`)) expect(await redis.pttl(key)).toBeGreaterThan(0)
  })

  it('two processes see one another’s changes at once, and the newest grants win a race', async () => {
    const prefix = testRedis()?.prefix ?? ''
    const one = redisCredentialRecords({ redis: await connected(), prefix })
    const other = redisCredentialRecords({ redis: await connected(), prefix })
    const epochs = Array.from({ length: 200 }, (_, index) => (index * 7) % 200)
    await Promise.all(epochs.map((epoch) => (epoch % 2 ? one : other).putGrants(grantsOf('usr_1', epoch))))
    expect((await other.session('none', 'usr_1')).grants?.epoch).toBe(199)
  })

  it('a key whose record is long is one object for as long as it stays the same, and another once it changes', async () => {
    const records = redisCredentialRecords(await recordsOn())
    const accepted = Array.from({ length: 400 }, (_, at) => `Query.field${at}(argument:)`)
    const key = {
      ...{ keyId: 'longKey00000', version: 1, ownerId: 'usr_1', secretMac: '', pepperId: '', scopes: [] },
      ...({ environment: 'test', expiresAtMs: null, revokedAtMs: null } as const),
      confinement: { access: { allow: accepted, deny: [], accepted, denied: [] } },
    }
    await records.putApiKey(key)
    const read = async () => (await records.apiKey(key.keyId)).key
    const first = await read()
    expect(first?.confinement?.access?.accepted).toHaveLength(400)
    expect(await read()).toBe(first)
    await records.putApiKey({ ...key, version: 2 })
    expect(await read()).not.toBe(first)
    expect((await read())?.version).toBe(2)
  })

  it('what many ask for at once is read once, and everybody gets it', async () => {
    const { redis, prefix } = await recordsOn()
    const records = redisCredentialRecords({ redis, prefix })
    for (const [userId, epoch] of [
      ['usr_1', 1],
      ['usr_2', 2],
    ] as const)
      await records.putGrants(grantsOf(userId, epoch))
    const read = vi.spyOn(redis, 'mget')
    const asked = ['usr_1', 'usr_2', 'nobody', 'usr_1', 'usr_2', 'usr_1']
    const grants = await Promise.all(asked.map((userId) => records.grants(userId)))
    expect(grants.map((each) => each?.epoch)).toEqual([1, 2, undefined, 1, 2, 1])
    expect(read.mock.calls.map(([keys]) => keys.length)).toEqual([3])
  })

  it('without a connection the answer is UNAVAILABLE, at once', async () => {
    const { redis, prefix } = await recordsOn()
    redis.disconnect()
    const records = redisCredentialRecords({ redis, prefix })
    await expect(records.session('ses_1', 'usr_1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(records.putManyGrants([grantsOf('usr_1', 1)])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(records.putGrants(grantsOf('usr_1', 1))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
