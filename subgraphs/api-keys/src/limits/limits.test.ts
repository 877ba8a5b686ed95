import { dayMs } from '@latchkey/clock'
import { aService, aUser } from '@latchkey/principal/testing'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'
import { createScribe } from './scribe.ts'
import { prismaUsesStore } from './store.prisma.ts'

const ada = aUser({ scopes: ['keys:read', 'keys:write'] })
const gateway = aService('gateway')
let service: RunningApiKeys

beforeAll(async () => {
  service = await runApiKeys()
})
afterAll(() => service.stop())

const standing = `rateLimits { name limit windowSeconds burst remaining resetAt } uses { limit left refill refillsAt } usesLeft`

async function balanceOf(id: string) {
  const { data, errors } = await service.ask(ada, `query ($id: ID!) { apiKey(id: $id) { ${standing} } }`, { id })
  expect(errors).toBeUndefined()
  // The query asks exactly this.
  return (data as { apiKey: Record<string, unknown> }).apiKey
}

const update = (input: Record<string, unknown>) =>
  service.ask(ada, `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { ${standing} } } }`, {
    input,
  })

/** As a gateway does it, with what it is told of the key. */
async function spend(id: string, times = 1) {
  const { key } = await service.records.apiKey(id)
  if (!key) throw new Error(`nothing was announced of ${id}`)
  const spent = await Promise.all(Array.from({ length: times }, () => service.budgets.spend(key)))
  return spent.filter(({ outcome }) => outcome === 'SPENT').length
}

async function rotated(id: string) {
  const rotate = 'mutation ($id: ID!) { rotateApiKey(input: { id: $id }) { apiKey { id usesLeft } } }'
  const { data } = await service.ask(ada, rotate, { id })
  return (data as { rotateApiKey: { apiKey: { id: string; usesLeft: number } } }).rotateApiKey.apiKey // as asked
}

const uses = () => prismaUsesStore(service.database)
const scribe = (over = {}) =>
  createScribe({ tally: service.budgets, store: uses(), clock: service.clock, logger: silentLogger, ...over })

describe('the limits of a key', () => {
  it('are those of every key where it names none, and are told as they stand', async () => {
    const { id } = await service.create(ada)
    expect(await balanceOf(id)).toEqual({
      rateLimits: [
        {
          ...{ name: 'default', limit: 600, windowSeconds: 60, burst: 100 },
          remaining: 100,
          resetAt: '2030-01-01T00:00:00.000Z',
        },
        {
          ...{ name: 'owner', limit: 6_000, windowSeconds: 60, burst: 1_000 },
          remaining: 1_000,
          resetAt: '2030-01-01T00:00:00.000Z',
        },
      ],
      ...{ uses: null, usesLeft: null },
    })
    expect(await spend(id, 30)).toBe(30)
    expect(await balanceOf(id)).toMatchObject({
      rateLimits: [
        { remaining: 70, resetAt: '2030-01-01T00:00:03.000Z' },
        { remaining: 970, resetAt: '2030-01-01T00:00:00.300Z' },
      ],
    })
  })

  it('are its own where it names them, until they are taken away, and count with the next request', async () => {
    const { id } = await service.create(ada, { rateLimits: [{ name: 'slow', limit: 2, windowSeconds: 3_600 }] })
    expect(await spend(id, 5)).toBe(2)
    expect(await update({ id, name: 'still slow' })).toMatchObject({
      data: { updateApiKey: { apiKey: { rateLimits: [{ name: 'slow', burst: 2, remaining: 0 }, { name: 'owner' }] } } },
    })
    await update({ id, rateLimits: [] })
    expect(await balanceOf(id)).toMatchObject({ rateLimits: [{ name: 'default' }, { name: 'owner' }] })
    expect(await spend(id, 5)).toBe(5)
  })

  it('count what requests cost where it is said so, beside those of requests', async () => {
    const { id } = await service.create(ada, {
      rateLimits: [{ name: 'costs', limit: 500, windowSeconds: 60, unit: 'COST' }],
    })
    const { key } = await service.records.apiKey(id)
    if (!key) throw new Error('nothing was announced')
    const spent = await Promise.all([200, 200, 200, 100].map((cost) => service.budgets.spend(key, 1, cost)))
    expect(spent.map(({ outcome }) => outcome)).toEqual(['SPENT', 'SPENT', 'RATE_LIMITED', 'SPENT'])
    const { data } = await service.ask(ada, `{ apiKey(id: "${id}") { rateLimits { name unit remaining } } }`)
    expect(data).toMatchObject({
      apiKey: {
        rateLimits: [
          { name: 'costs', unit: 'COST', remaining: 0 },
          { name: 'default', unit: 'REQUESTS', remaining: 97 },
          { name: 'owner', unit: 'REQUESTS' },
        ],
      },
    })
  })

  it('that are wrong are refused by name, and nothing is made', async () => {
    const wrong = { rateLimits: [{ name: 'owner', limit: 0, windowSeconds: 1 }], uses: { limit: 0 } }
    await expect(service.create(ada, wrong)).rejects.toMatchObject({
      answer: {
        errors: [
          {
            extensions: {
              code: 'BAD_USER_INPUT',
              fields: {
                'input.rateLimits.0.name': expect.any(String),
                'input.rateLimits.0.limit': expect.any(String),
                'input.uses.limit': expect.any(String),
              },
            },
          },
        ],
      },
    })
  })
})

describe('the uses of a key', () => {
  it('are told as they stand, and refilled by the clock', async () => {
    const { id } = await service.create(ada, { uses: { limit: 5, refill: 'DAILY' } })
    expect(await balanceOf(id)).toMatchObject({
      uses: { limit: 5, left: 5, refill: 'DAILY', refillsAt: '2030-01-02T00:00:00.000Z' },
      usesLeft: 5,
    })
    expect(await spend(id, 9)).toBe(5)
    expect(await balanceOf(id)).toMatchObject({ usesLeft: 0 })
    service.clock.advance(dayMs)
    expect(await balanceOf(id)).toMatchObject({ usesLeft: 5, uses: { refillsAt: '2030-01-03T00:00:00.000Z' } })
  })

  it('are given anew by `updateApiKey`, and by nothing else that changes the key', async () => {
    const { id } = await service.create(ada, { uses: { limit: 3 } })
    await spend(id, 3)
    await update({ id, name: 'other' })
    expect(await spend(id, 9)).toBe(0)
    expect(await update({ id, uses: { limit: 3 } })).toMatchObject({
      data: { updateApiKey: { apiKey: { usesLeft: 3 } } },
    })
    expect(await spend(id, 9)).toBe(3)
    expect(await update({ id, uses: {} })).toMatchObject({ data: { updateApiKey: { apiKey: { uses: null } } } })
    expect(await spend(id, 9)).toBe(9)
  })

  it('that were taken away and given again are not those that were spent', async () => {
    const { id } = await service.create(ada, { uses: { limit: 3 } })
    await spend(id, 2)
    await scribe().write()
    await update({ id, uses: {} })
    service.clock.advance(1)
    await update({ id, uses: { limit: 4 } })
    expect(await spend(id, 9)).toBe(4)
  })

  it('are shared with the key that takes the place of one, and with the next, whichever of them is used', async () => {
    const { id } = await service.create(ada, { uses: { limit: 5 } })
    await spend(id, 2)
    const next = await rotated(id)
    expect(next.usesLeft).toBe(3)
    const last = await rotated(next.id)
    expect([await spend(last.id), await spend(id), await spend(next.id, 9)]).toEqual([1, 1, 1])
    expect([await spend(id, 9), await spend(last.id, 9)]).toEqual([0, 0])
  })

  it('that are given anew to one of those are its own from there', async () => {
    const { id } = await service.create(ada, { uses: { limit: 5 } })
    const next = await rotated(id)
    await spend(id, 4)
    service.clock.advance(1)
    await update({ id: next.id, uses: { limit: 3 } })
    expect([await spend(next.id, 9), await spend(id, 9)]).toEqual([3, 1])
  })

  it('are as many as there are, however many are spent while the key is rotated', async () => {
    const { id } = await service.create(ada, {
      uses: { limit: 90 },
      rateLimits: [{ name: 'own', limit: 300, windowSeconds: 60 }],
    })
    const using = Array.from({ length: 200 }, async (_, at) => {
      for (let turns = at % 20; turns > 0; turns--) await new Promise(setImmediate)
      return spend(id)
    })
    const [next, ...spent] = await Promise.all([rotated(id), ...using])
    const before = spent.reduce((sum, each) => sum + each, 0)
    expect(before + (await spend(next.id, 200)) + (await spend(id, 200))).toBe(90)
  })
})

describe('what was spent', () => {
  it('is written down, told to the gateway, and never less than before', async () => {
    const { id } = await service.create(ada, { uses: { limit: 50 } })
    const told = async () =>
      (await service.ask(gateway, `{ apiKeyUsesSpent(id: "${id}") { issue periodMs spent } }`)).data?.apiKeyUsesSpent
    expect(await told()).toBeNull()
    await spend(id, 7)
    await scribe().write()
    const issue = (await service.records.apiKey(id)).key?.confinement?.uses?.issue ?? 0
    expect(await told()).toEqual({ issue, periodMs: 0, spent: 7 })
    await uses().write([{ keyId: id, issue, periodMs: 0, spent: 6 }], service.clock.now())
    expect(await told()).toMatchObject({ spent: 7 })
    await uses().write([{ keyId: id, issue: issue + 1, periodMs: 0, spent: 1 }], service.clock.now())
    expect(await told()).toMatchObject({ spent: 1 })
  })

  it('is written by one of many who write at once, in any order', async () => {
    const keys = Array.from({ length: 50 }, (_, at) => `key-of-many-${at}`)
    const write = (spent: number, those: readonly string[]) =>
      uses().write(
        those.map((keyId) => ({ keyId, issue: 1, periodMs: 0, spent })),
        service.clock.now(),
      )
    await Promise.all(Array.from({ length: 20 }, (_, at) => write(at, at % 2 ? keys : keys.toReversed())))
    for (const keyId of keys) expect(await uses().spentOf(keyId)).toMatchObject({ spent: 19 })
  })

  it('stays unwritten when it could not be written, and is written the next time', async () => {
    const { id } = await service.create(ada, { uses: { limit: 50 } })
    await spend(id, 2)
    const fails = { write: () => Promise.reject(new Error('Postgres is away')) }
    await expect(scribe({ store: fails }).write()).rejects.toThrow('away')
    expect(await uses().spentOf(id)).toBeNull()
    await scribe().write()
    expect(await uses().spentOf(id)).toMatchObject({ spent: 2 })
  })

  it('is written when the process ends', async () => {
    const { id } = await service.create(ada, { uses: { limit: 50 } })
    const ending = scribe()
    ending.start()
    await spend(id, 4)
    await ending.close()
    expect(await uses().spentOf(id)).toMatchObject({ spent: 4 })
  })
})
