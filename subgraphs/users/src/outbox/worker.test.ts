import { hourMs, secondMs, systemEntropy } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { silentLogger } from '@latchkey/telemetry'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../application.fixture.ts'
import { attemptsMax, createOutbox, type Errand, type ErrandKind, leaseMs, retryDelayMs } from './outbox.ts'
import type { OutboxStore } from './store.ts'
import { createOutboxWorker, type OutboxWorker } from './worker.ts'

const grantsOf = (userId: string): Errand => ({ kind: 'grants', userId })
const turn = () => new Promise((resolve) => setImmediate(resolve))
const workers: OutboxWorker[] = []
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()))
})

interface Row {
  id: string
  ref: string
  kind: ErrandKind
  payload: string
  createdAt: Date
  attempts: number
  availableAt: Date
  deliveredAt: Date | null
  error?: string
}

/** A store that keeps its rows where the test can see them. */
function outboxUnderTest(run: (errand: Errand) => Promise<void>, reachable = () => true) {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const keyring = createKeyring(newKeyringMaterial(systemEntropy), systemEntropy)
  const outbox = createOutbox({ keyring, clock, entropy: systemEntropy })
  const rows: Row[] = []
  const rowOf = (id: string) => rows.find((row) => row.id === id) ?? expect.fail(id)
  const store: Omit<OutboxStore, 'addOnce' | 'backlog'> = {
    async take({ now, leaseEndsAt, max }) {
      await turn()
      if (!reachable()) throw new Error('the database is away')
      const due = rows.filter((row) => !row.deliveredAt && row.availableAt <= now).slice(0, max)
      for (const row of due) Object.assign(row, { attempts: row.attempts + 1, availableAt: leaseEndsAt })
      return due.map((row) => ({ ...row }))
    },
    async delivered(id, deliveredAt) {
      Object.assign(rowOf(id), { deliveredAt, payload: '' })
    },
    async failed(id, availableAt, error) {
      Object.assign(rowOf(id), { availableAt, error })
    },
  }
  const add = (errand: Errand) => {
    const { ref, kind, payload, createdAt, availableAt } = outbox.message(errand)
    rows.push({ id: `${rows.length}`, ref, kind, payload, createdAt, availableAt, attempts: 0, deliveredAt: null })
  }
  const worker = createOutboxWorker({
    ...{ outbox, store, run, clock, logger: silentLogger },
    kinds: ['grants'],
    afterwards: 'forget',
  })
  workers.push(worker)
  return { clock, rows, add, worker }
}

describe('the outbox worker', () => {
  it('runs errands in their order, each once, without being started', async () => {
    const ran: Errand[] = []
    const { rows, add, worker } = outboxUnderTest(async (errand) => {
      ran.push(errand)
    })
    for (let n = 0; n < 50; n += 1) add(grantsOf(`usr_${n}`))
    worker.wake()
    worker.wake()
    await until(() => rows.every(({ deliveredAt }) => deliveredAt))
    expect(ran).toEqual(Array.from({ length: 50 }, (_, n) => grantsOf(`usr_${n}`)))
  })

  it('misses no errand that is committed while it is at work', async () => {
    const ran: Errand[] = []
    const { rows, add, worker } = outboxUnderTest(async (errand) => {
      ran.push(errand)
    })
    for (let n = 0; n < 100; n += 1) {
      add(grantsOf(`usr_${n}`))
      worker.wake()
      if (n % 3) await turn()
    }
    await until(() => rows.every(({ deliveredAt }) => deliveredAt))
    expect(ran).toHaveLength(100)
  })

  it('tries a failed errand again, later each time, and lets the others pass', async () => {
    let failures = 2
    const { clock, rows, add, worker } = outboxUnderTest(async (errand) => {
      if (errand.kind === 'grants' && errand.userId === 'usr_bad' && failures-- > 0) throw new Error('not now')
    })
    add(grantsOf('usr_bad'))
    add(grantsOf('usr_good'))
    const [bad, good] = rows
    worker.wake()
    await until(() => good?.deliveredAt !== null)
    expect(bad).toMatchObject({ attempts: 1, availableAt: new Date(clock.now().getTime() + secondMs) })
    clock.advance(secondMs)
    worker.wake()
    await until(() => bad?.attempts === 2 && bad.availableAt.getTime() === clock.now().getTime() + 2 * secondMs)
    clock.advance(2 * secondMs)
    worker.wake()
    await until(() => bad?.deliveredAt !== null)
    expect(bad?.attempts).toBe(3)
  })

  it('keeps of a failure what kind it was, and not its words', async () => {
    const failures = [Object.assign(new TypeError('ada@example.com'), { code: 'EENVELOPE' }), 'ada@example.com']
    const { rows, add, worker } = outboxUnderTest(async () => {
      throw failures.shift()
    })
    add(grantsOf('usr_ada'))
    add(grantsOf('usr_eve'))
    Object.assign(rows[1] ?? {}, { attempts: attemptsMax })
    worker.wake()
    await until(() => rows.every(({ error }) => error))
    expect(rows.map(({ error }) => error)).toEqual(['TypeError EENVELOPE', 'string'])
  })

  it('outlives a database that is away', async () => {
    let away = true
    const { rows, add, worker } = outboxUnderTest(
      async () => {},
      () => !away,
    )
    add(grantsOf('usr_ada'))
    worker.wake()
    for (let n = 0; n < 5; n += 1) await turn()
    expect(rows[0]?.deliveredAt).toBeNull()
    away = false
    worker.wake()
    await until(() => rows[0]?.deliveredAt !== null)
  })

  it('takes up what a process that ended left behind, once its lease is over', async () => {
    const { clock, rows, add, worker } = outboxUnderTest(async () => {})
    add(grantsOf('usr_ada'))
    const [row] = rows
    if (row) row.availableAt = new Date(clock.now().getTime() + leaseMs)
    worker.wake()
    await turn()
    expect(row?.deliveredAt).toBeNull()
    clock.advance(leaseMs)
    worker.start()
    await until(() => row?.deliveredAt !== null)
  })

  it('closes when what it delivers is delivered, and takes no more', async () => {
    let finish = () => {}
    const begun = { errands: 0 }
    const { rows, add, worker } = outboxUnderTest(() => {
      begun.errands += 1
      return new Promise<void>((resolve) => {
        finish = resolve
      })
    })
    add(grantsOf('usr_ada'))
    worker.wake()
    await until(() => begun.errands === 1)
    const closed = worker.close()
    finish()
    await closed
    expect(rows[0]?.deliveredAt).not.toBeNull()
    add(grantsOf('usr_eve'))
    worker.wake()
    await turn()
    expect(begun.errands).toBe(1)
  })
})

describe('the delay before the next try', () => {
  it('doubles from a second up to an hour, for about two days in all', () => {
    expect([1, 2, 3, 12, 13, 50].map(retryDelayMs)).toEqual([1_000, 2_000, 4_000, 2_048_000, hourMs, hourMs])
    let total = 0
    for (let attempt = 1; attempt < attemptsMax; attempt += 1) total += retryDelayMs(attempt)
    expect(total / hourMs).toBeGreaterThan(36)
    expect(total / hourMs).toBeLessThan(48)
  })
})

describe('a message', () => {
  it('is opened as what it is', () => {
    const keyring = createKeyring(newKeyringMaterial(systemEntropy), systemEntropy)
    const outbox = createOutbox({ keyring, clock: clockAt('2030-01-01T00:00:00Z'), entropy: systemEntropy })
    const mail = { to: 'ada@example.com', subject: 'Hello', text: 'Hello', html: '<p>Hello</p>' }
    expect(outbox.mailOf(outbox.message({ kind: 'mail', mail, about: 'usr_ada' }))).toEqual(mail)
    expect(() => outbox.mailOf(outbox.message(grantsOf('usr_ada')))).toThrow('is not a mail')
  })

  it('cannot be opened as another', () => {
    const keyring = createKeyring(newKeyringMaterial(systemEntropy), systemEntropy)
    const outbox = createOutbox({ keyring, clock: clockAt('2030-01-01T00:00:00Z'), entropy: systemEntropy })
    const [one, other] = [outbox.message(grantsOf('usr_ada')), outbox.message(grantsOf('usr_eve'))]
    expect(() => outbox.errandOf({ ref: one.ref, payload: other.payload })).toThrow()
  })
})
