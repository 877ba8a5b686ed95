import { aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { silentLogger } from '@latchkey/telemetry'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'
import { pauseAfterMs } from './backoff.ts'
import { prismaOutboxStore } from './store.prisma.ts'
import { createOutboxWorker } from './worker.ts'

const ada = aUser({ userId: 'usr_ada' })
let app: RunningApiKeys
beforeEach(async () => {
  app = await runApiKeys()
})
afterEach(() => app.stop())

/** A worker beside the application's own, which stays at rest. */
function worker(keyChanged: (keyId: string) => Promise<unknown>) {
  const { keyring, clock, database } = app
  return createOutboxWorker({ store: prismaOutboxStore(database), keyChanged, keyring, clock, logger: silentLogger })
}
const messages = () => app.database.prisma.apiKeysOutboxMessage.findMany({ orderBy: { id: 'asc' } })

it('tells of every change once, however many processes deliver', async () => {
  const made = await Promise.all(Array.from({ length: 50 }, () => app.create(ada)))
  const told: string[] = []
  const workers = Array.from({ length: 4 }, () => worker(async (keyId) => told.push(keyId)))
  await Promise.all(workers.map(({ deliverDue }) => deliverDue()))
  expect(told.sort()).toEqual(made.map(({ id }) => id).sort())
  expect((await messages()).every(({ deliveredAt, attempts }) => deliveredAt !== null && attempts === 1)).toBe(true)
  await workers[0]?.deliverDue()
  expect(told).toHaveLength(50)
})

it('tries again what did not work, later and later, and says why', async () => {
  await app.create(ada)
  let works = false
  const tries = worker(async () => {
    if (!works) throw new Problem('UNAVAILABLE', 'told to fail', { message: 'not now' })
  })
  await tries.deliverDue()
  await tries.deliverDue()
  expect(await messages()).toMatchObject([{ attempts: 1, deliveredAt: null, lastError: 'Problem: not now' }])
  app.clock.advance(999)
  await tries.deliverDue()
  expect(await messages()).toMatchObject([{ attempts: 1 }])
  app.clock.advance(1)
  await tries.deliverDue()
  expect(await messages()).toMatchObject([{ attempts: 2, availableAt: new Date(app.clock.now().getTime() + 2_000) }])
  works = true
  app.clock.advance(2_000)
  await tries.deliverDue()
  expect(await messages()).toMatchObject([{ attempts: 3, deliveredAt: app.clock.now(), lastError: null }])
})

it('keeps its payload sealed, and refuses one that was altered', async () => {
  const { id } = await app.create(ada)
  const [message] = await messages()
  expect(message?.sealedPayload).not.toContain(id)
  await app.database.prisma.apiKeysOutboxMessage.updateMany({ data: { sealedPayload: `${message?.sealedPayload}x` } })
  const told: string[] = []
  await worker(async (keyId) => told.push(keyId)).deliverDue()
  expect(told).toEqual([])
  expect(await messages()).toMatchObject([{ deliveredAt: null, attempts: 1 }])
})

it('tells the records of a key that they missed, by itself once started', async () => {
  const missed = new Problem('UNAVAILABLE', 'told to fail')
  let attempts = 0
  let tell = (_keyId: string) => {}
  const told = new Promise<string>((resolve) => {
    tell = resolve
  })
  const forgetful = await runApiKeys({
    recordsOver: (records) => ({
      ...records,
      async putApiKey(key) {
        attempts += 1
        if (attempts === 1) throw missed
        await records.putApiKey(key)
        tell(key.keyId)
      },
    }),
  })
  const { id } = await forgetful.create(ada)
  expect((await forgetful.records.apiKey(id)).key).toBeNull()
  forgetful.start()
  expect(await told).toBe(id)
  expect((await forgetful.records.apiKey(id)).key).toMatchObject({ keyId: id, version: 1 })
  await forgetful.stop()
})

it('goes on by itself after the database was away', async () => {
  const { keyring, clock } = app
  let asked = 0
  let answer = () => {}
  const recovered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const store = {
    async deliver() {
      asked += 1
      if (asked === 1) throw new Problem('UNAVAILABLE', 'told to fail')
      answer()
      return 0
    },
    backlog: async () => [],
  }
  const patient = createOutboxWorker({ store, keyChanged: async () => {}, keyring, clock, logger: silentLogger })
  patient.start()
  patient.start()
  await recovered
  await patient.close()
  expect(asked).toBe(2)
})

it('waits from one second to five minutes between two attempts', () => {
  expect([0, 1, 2, 8, 9, 50].map(pauseAfterMs)).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000])
})
