import { dayMs, systemEntropy as entropy } from '@latchkey/clock'
import type { UsageStream } from '@latchkey/principal/key-usage'
import { writeBatch } from '@latchkey/principal/key-usage'
import { aUser } from '@latchkey/principal/testing'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'
import { createUsageCounter } from './counter.ts'
import { prismaCountingStore } from './counts.prisma.ts'
import type { CountingStore } from './store.ts'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

let keyId = ''
let sequence = 0
beforeEach(async () => {
  keyId = (await app.create(aUser({ userId: 'usr_ada' }))).id
})

function left(uses: number): Promise<unknown> {
  sequence += 1
  const atMs = app.clock.now().getTime()
  const use = { keyId, atMs, operation: null, outcome: 'OK', subgraphs: [], tookMs: 1 } as const
  const batch = { producer: 'gw', sequence, before: 0, atMs, previousAtMs: null, uses: Array(uses).fill(use) }
  return app.usageStream.add([writeBatch(batch)])
}

async function counted(): Promise<number> {
  const text = 'SELECT coalesce(sum(requests), 0)::int AS requests FROM api_keys.usage_days WHERE key_id = $1'
  const [row] = await app.database.query<{ requests: number }>({ name: 'counted', text }, [keyId])
  return row?.requests ?? 0
}

interface Terms {
  readonly stream?: Partial<UsageStream>
  readonly storeOver?: (store: CountingStore) => Partial<CountingStore>
}

function aCounter({ stream = {}, storeOver = () => ({}) }: Terms = {}) {
  const store = prismaCountingStore(app.database, { minutes: 2 * dayMs, hours: 30 * dayMs, days: 400 * dayMs })
  return createUsageCounter({
    usage: { ...app.usageStream, ...stream },
    store: { ...store, ...storeOver(store) },
    ...{ clock: app.clock, entropy, logger: silentLogger },
  })
}

const away = () => Promise.reject(new Error('away'))

describe('who counts uses', () => {
  it('counts nothing twice of what somebody counted who died before it could be settled', async () => {
    await left(3)
    await expect(aCounter({ stream: { settle: away } }).countWaiting()).rejects.toThrow('away')
    expect(await counted()).toBe(3)
    app.clock.advance(dayMs / 24)
    await left(2)
    await aCounter().countWaiting()
    expect([await counted(), await app.usageStream.take('x', 10)]).toEqual([5, []])
  })

  it('counts all of what somebody took who died before it could be counted', async () => {
    await left(3)
    await expect(aCounter({ storeOver: () => ({ count: away }) }).countWaiting()).rejects.toThrow('away')
    expect(await counted()).toBe(0)
    app.clock.advance(dayMs / 24)
    await aCounter().countWaiting()
    expect(await counted()).toBe(3)
  })

  it('holds on to what it has while the store is away, and goes on with it', async () => {
    for (let batch = 0; batch < 12; batch++) await left(1)
    let failures = 2
    const counter = aCounter({
      storeOver: (store) => ({
        count: (...given) => (failures-- > 0 ? away() : store.count(...given)),
      }),
    })
    for (let turn = 0; turn < 2; turn++) await expect(counter.countWaiting()).rejects.toThrow('away')
    await counter.countWaiting()
    expect(await counted()).toBe(12)
  })

  it('makes room again when somebody dropped what it writes into', async () => {
    const counter = aCounter()
    await left(1)
    await counter.countWaiting()
    app.clock.advance(500 * dayMs)
    await counter.upkeep()
    await left(1)
    await counter.countWaiting()
    expect(await counted()).toBe(1)
  })

  it('counts what waits before it ends', async () => {
    const counter = aCounter()
    counter.start()
    await left(4)
    await counter.close()
    expect(await counted()).toBe(4)
  })
})
