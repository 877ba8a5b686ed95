import { createHmac } from 'node:crypto'
import { systemEntropy as entropy, hourMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { redisCredentialRecords } from '../records/credential-records.redis.ts'
import type { ApiKeyRecord, GrantsRecord } from '../records/credential-records.ts'
import { openRedis, type Redis } from '../redis.ts'
import { holdRedisTime } from '../testing.ts'
import { formatApiKeyText } from './api-key-text.ts'
import { limited, usual } from './key-budgets.fixture.ts'
import { redisKeyBudgets } from './key-budgets.redis.ts'
import { createKeyCheck, type ShownFrom } from './key-check.ts'
import { createKeyProof } from './key-proof.ts'
import { createKeyRecall, type RecalledKey } from './key-recall.ts'
import { createKeyThrottle } from './key-throttle.ts'
import { redisWrongKeys } from './wrong-keys.redis.ts'
import { wrongKeysIn } from './wrong-keys.ts'

const server = testRedis()

const macOf = (message: string) => createHmac('sha256', 'pepper').update(message).digest()
const peppers = {
  keyIds: () => ['p'],
  mac: (_: 'api-key', message: string) => ({ mac: macOf(message) }),
  macWith: (_: 'api-key', id: string, message: string) => (id === 'p' ? macOf(message) : null),
}
const keyId = 'Key000000001'
const text = formatApiKeyText({ environment: 'live', keyId, secret: 's'.repeat(43) })
const wrong = formatApiKeyText({ environment: 'live', keyId, secret: 'w'.repeat(43) })
const start = '2030-01-15T12:00:00Z'
const key: ApiKeyRecord = {
  ...{ keyId, version: 1, ownerId: 'usr_ada', secretMac: macOf(text).toString('base64url'), pepperId: 'p' },
  ...{ scopes: ['profile:read'], confinement: {}, environment: 'live', revokedAtMs: null },
  expiresAtMs: Date.parse(start) + hourMs,
}
const grants: GrantsRecord = { userId: 'usr_ada', epoch: 1, active: true, roles: [], scopes: ['profile:read'] }
const office: ShownFrom = { address: '192.0.2.1', origin: undefined }

describe.skipIf(!server)('a key that is recalled', () => {
  const opened: Redis[] = []
  let prefix = ''
  beforeEach(() => {
    prefix = testRedis()?.prefix ?? ''
  })
  afterAll(() => {
    for (const redis of opened) redis.disconnect()
  })

  /** One process over the stores of this test. */
  async function aProcess({ terms = usual as Parameters<typeof redisKeyBudgets>[0]['terms'] } = {}) {
    const redis = openRedis(server?.url ?? '', storePatienceMs)
    await redis.connect()
    opened.push(redis)
    const clock = clockAt(start)
    holdRedisTime(redis, clock)
    const records = redisCredentialRecords({ redis, prefix })
    const store = redisWrongKeys({ redis, prefix, entropy })
    const throttle = createKeyThrottle({ store, budget: wrongKeysIn(1), peppers, clock })
    const asking = { records, provesKey: createKeyProof(peppers), throttle, environment: 'live' as const, clock }
    const loaders = { loadApiKey: async () => null, loadGrants: async () => null, foreignKeyIdOf: async () => null }
    const budgets = redisKeyBudgets({ redis, prefix, terms, loadUsesSpent: async () => null })
    const [check, recall] = [createKeyCheck({ ...asking, ...loaders }), createKeyRecall(asking)]
    const recalled = (from = office): RecalledKey => recall?.(text, from) ?? expect.fail('it is not recalled')
    return {
      ...{ redis, clock, records, throttle, budgets, recalled },
      check: (shown = text, from = office) => check(shown, from),
      recall: (shown = text, from = office) => recall?.(shown, from) ?? null,
      spend: async (of = recalled()) => {
        const spent = (await budgets.spendIf?.(of.proviso, of.key, 1)) ?? expect.fail('it confirms nobody')
        return spent === 'changed' ? spent : spent.outcome
      },
    }
  }
  type Process = Awaited<ReturnType<typeof aProcess>>

  /** Two processes; the first has let the key in. */
  async function afterOneRequest(over: Partial<ApiKeyRecord> = {}, terms: Parameters<typeof aProcess>[0] = {}) {
    const [here, there] = [await aProcess(terms), await aProcess(terms)]
    await Promise.all([there.records.putApiKey({ ...key, ...over }), there.records.putGrants(grants)])
    expect(here.recall()).toBeNull()
    expect(await here.check()).toMatchObject({ outcome: 'accepted' })
    return { here, there }
  }

  const balance = async ({ budgets }: Process) => {
    const { limits, usesLeft } = await budgets.spend(key, 0)
    return { left: limits.map(({ remaining }) => remaining), usesLeft }
  }

  it('spends in the one command that confirms it', async () => {
    const { here } = await afterOneRequest()
    await here.spend()
    const commands = vi.spyOn(here.redis, 'sendCommand')
    expect(await here.spend()).toBe('SPENT')
    expect(commands).toHaveBeenCalledTimes(1)
    expect(await balance(here)).toMatchObject({ left: [98, 998] })
  })

  it.each<[string, (there: Process) => Promise<unknown>]>([
    ['was revoked', ({ records }) => records.putApiKey({ ...key, version: 2, revokedAtMs: Date.parse(start) })],
    ['was disabled', ({ records }) => records.putApiKey({ ...key, version: 2, disabledAtMs: Date.parse(start) })],
    ['holds less', ({ records }) => records.putApiKey({ ...key, version: 2, scopes: [] })],
    [
      'is held to what is registered',
      ({ records }) => records.putApiKey({ ...key, version: 2, confinement: { persistedOperations: 'SAFELIST' } }),
    ],
    ['is known no more', ({ records }) => records.forgetApiKey(keyId)],
    ['has an owner who is suspended', ({ records }) => records.putGrants({ ...grants, epoch: 2, active: false })],
    ['has an owner who may less', ({ records }) => records.putGrants({ ...grants, epoch: 2, scopes: [] })],
    [
      'has an owner who is in doubt of it',
      ({ records }) => records.putGrants({ ...grants, epoch: 2, keysDoubted: true }),
    ],
    ['has an owner who is no more', ({ records }) => records.forgetGrants('usr_ada')],
    ['comes from a network that was stopped', ({ check }) => Promise.all([check(wrong), check(wrong)])],
  ])('spends nothing once it %s, wherever that was done', async (_what, change) => {
    for (const terms of [usual, 'unlimited'] as const) {
      const { here, there } = await afterOneRequest({}, { terms })
      const recalled = here.recalled()
      expect(await here.spend(recalled)).toBe('SPENT')
      const before = await balance(here)
      await change(there)
      expect(await Promise.all([here.spend(recalled), here.spend(recalled)])).toEqual(['changed', 'changed'])
      expect(await balance(here)).toEqual(before)
      prefix = testRedis()?.prefix ?? ''
    }
  })

  it('is confirmed again once the change was read, and the change back too', async () => {
    const { here, there } = await afterOneRequest()
    await there.records.putGrants({ ...grants, epoch: 2, scopes: [] })
    expect(await here.spend()).toBe('changed')
    await here.check()
    expect([here.recalled().grants.scopes, await here.spend()]).toEqual([[], 'SPENT'])
    await there.records.putGrants({ ...grants, epoch: 3 })
    expect(await here.spend()).toBe('changed')
    await here.check()
    expect([here.recalled().grants.scopes, await here.spend()]).toEqual([['profile:read'], 'SPENT'])
  })

  it('never succeeds after the answer of its revocation, however many ask meanwhile', async () => {
    const { here, there } = await afterOneRequest({}, { terms: 'unlimited' })
    await there.check()
    let revoked: 'not yet' | 'answered' = 'not yet'
    const late: unknown[] = []
    const asking = [here, there].flatMap((process) =>
      Array.from({ length: 20 }, async () => {
        const recalled = process.recalled()
        for (let more = 5; more > 0; ) {
          const begun = revoked
          const spent = await process.spend(recalled)
          if (begun === 'not yet') continue
          late.push(spent)
          more -= 1
        }
      }),
    )
    await there.records.putApiKey({ ...key, version: 2, revokedAtMs: Date.parse(start) })
    revoked = 'answered'
    await Promise.all(asking)
    expect(late).toEqual(Array(200).fill('changed'))
  })

  it.each([1, 7, 50])('grants exactly N = %i to 200 who ask two processes at once, recalled or not', async (limit) => {
    for (const confinement of [
      { rateLimits: [limited(limit, 86_400, limit)] },
      { uses: { limit, refill: 'NEVER', issue: 1 } },
    ] as const) {
      const { here, there } = await afterOneRequest({ confinement })
      await there.check()
      const spent = await Promise.all(
        Array.from({ length: 200 }, (_, at) => {
          const process = at % 2 === 0 ? here : there
          const { key: record } = process.recalled()
          return at % 3 === 0 ? process.budgets.spend(record).then(({ outcome }) => outcome) : process.spend()
        }),
      )
      expect(spent.filter((outcome) => outcome === 'SPENT')).toHaveLength(limit)
      expect(spent.includes('changed')).toBe(false)
      prefix = testRedis()?.prefix ?? ''
    }
  })

  it('takes nothing from its fellows in one turn when it has changed', async () => {
    const { here, there } = await afterOneRequest({ confinement: { rateLimits: [limited(5, 86_400, 5)] } })
    const stale = here.recalled()
    await there.records.putApiKey({ ...key, version: 2, confinement: { rateLimits: [limited(5, 86_400, 5)] } })
    await here.check()
    const spent = await Promise.all(
      Array.from({ length: 20 }, (_, at) => here.spend(at % 2 === 0 ? stale : here.recalled())),
    )
    expect(spent.filter((outcome) => outcome === 'changed')).toHaveLength(10)
    expect(spent.filter((outcome) => outcome === 'SPENT')).toHaveLength(5)
  })

  it('is not recalled by another secret, after its end or in another environment', async () => {
    const { here } = await afterOneRequest()
    expect(here.recall(wrong)).toBeNull()
    expect(here.recall(formatApiKeyText({ environment: 'test', keyId, secret: 's'.repeat(43) }))).toBeNull()
    expect(here.recall('no key')).toBeNull()
    here.clock.advance(hourMs)
    expect(here.recall()).toBeNull()
  })

  it('is not recalled from a strange network or page', async () => {
    const [here, page] = [await aProcess(), 'https://a.example']
    const confinement = { networks: ['192.0.2.0/24'], origins: [page] }
    await Promise.all([here.records.putApiKey({ ...key, confinement }), here.records.putGrants(grants)])
    const fromPage = { ...office, origin: page }
    expect(await here.check(text, fromPage)).toMatchObject({ outcome: 'accepted' })
    expect(here.recall(text, fromPage)).not.toBeNull()
    expect(here.recall(text, office)).toBeNull()
    expect(here.recall(text, { ...fromPage, address: '198.51.100.1' })).toBeNull()
  })

  it('is UNAVAILABLE, and nothing is granted, while Redis is away', async () => {
    const { here } = await afterOneRequest()
    const recalled = here.recalled()
    here.redis.disconnect()
    await expect(here.spend(recalled)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('has its uses asked for where the store has lost count', async () => {
    const { here } = await afterOneRequest({ confinement: { uses: { limit: 2, refill: 'NEVER', issue: 1 } } })
    const keys = async () => (await here.redis.keys(`${prefix}key-uses*`)).length
    expect(await keys()).toBe(0)
    expect([await here.spend(), await here.spend(), await here.spend()]).toEqual(['SPENT', 'SPENT', 'USAGE_EXCEEDED'])
    expect(await keys()).toBe(1)
  })
})
