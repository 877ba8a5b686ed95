/** What every store of attempt counters must do. */
import { randomUUID } from 'node:crypto'
import { dayMs, minuteMs } from '@latchkey/clock'
import type { HeldClock } from '@latchkey/clock/testing'
import { expect, it } from 'vitest'
import type { CounterPolicy } from './limits.ts'
import type { AttemptStore } from './store.ts'
import { type CountedTry, judgeTries } from './tries.ts'

const window: CounterPolicy = { max: 10, windowMs: 15 * minuteMs }
const delay: CounterPolicy = {
  max: 30,
  windowMs: dayMs,
  perPlace: { max: 10, windowMs: 15 * minuteMs, lockMs: minuteMs, lockMsMax: 15 * minuteMs },
}

interface Asking {
  readonly policy?: CounterPolicy
  readonly place?: string
  readonly id?: string
}

/** `clock`: what the store counts by. */
export function attemptStoreContract(open: () => AttemptStore, clock: HeldClock): void {
  const nowMs = () => clock.now().getTime()
  const take = (counter: string, { policy = window, place = 'p', id = randomUUID() }: Asking = {}) =>
    open().take(counter, { id, place }, policy, [])
  const granted = async (count: number, counter: string, asking: Asking = {}) => {
    const verdicts = await Promise.all(Array.from({ length: count }, () => take(counter, asking)))
    return verdicts.filter(({ outcome }) => outcome === 'granted').length
  }

  it('grants exactly as many tries as there are, however many ask at once', async () => {
    expect(await granted(200, randomUUID())).toBe(10)
  })

  it('grants no more than the maximum in any window, wherever the window begins, and says when to come again', async () => {
    const counter = randomUUID()
    await granted(1, counter)
    clock.advance(window.windowMs - 1)
    expect(await granted(20, counter)).toBe(9)
    expect(await take(counter)).toMatchObject({ outcome: 'denied', retryAfterMs: 1 })
    clock.advance(1)
    expect(await granted(20, counter)).toBe(1)
    clock.advance(window.windowMs - 1)
    expect(await granted(20, counter)).toBe(9)
  })

  it('locks a place for a minute after its last try, and twice as long after each one more, up to 15 minutes', async () => {
    const counter = randomUUID()
    const asking = { policy: delay }
    expect(await granted(50, counter, asking)).toBe(10)
    for (const minutes of [1, 2, 4, 8, 15, 15]) {
      clock.advance(minutes * minuteMs - 1)
      expect(await take(counter, asking)).toMatchObject({ outcome: 'denied', retryAfterMs: 1 })
      clock.advance(1)
      expect(await granted(50, counter, asking)).toBe(1)
    }
    clock.advance(30 * minuteMs)
    expect(await granted(50, counter, asking)).toBe(10)
  })

  it('counts the places of one thing apart, and all of them together', async () => {
    const counter = randomUUID()
    const from = (place: string) => ({ policy: delay, place })
    expect([await granted(50, counter, from('one')), await granted(50, counter, from('two'))]).toEqual([10, 10])
    expect([await granted(50, counter, from('three')), await granted(50, counter, from('four'))]).toEqual([10, 0])
    expect(await take(counter, from('four'))).toMatchObject({ outcome: 'denied', retryAfterMs: dayMs })
    expect(await granted(1, randomUUID(), from('four'))).toBe(1)
  })

  it('says which try was the last one, here and anywhere', async () => {
    const counter = randomUUID()
    const lastOf = async (place: string) => {
      const verdicts = []
      for (let turn = 0; turn < 10; turn++) verdicts.push(await take(counter, { policy: delay, place }))
      return verdicts.flatMap((verdict) => (verdict.outcome === 'granted' && verdict.last ? [verdict.last] : []))
    }
    expect([await lastOf('one'), await lastOf('two'), await lastOf('three')]).toEqual([
      ['here'],
      ['here'],
      ['anywhere'],
    ])
  })

  it('takes one try back, and only that one, with the lock that it brought', async () => {
    const counter = randomUUID()
    const asking = { policy: delay }
    await take(counter, { ...asking, id: 'mine' })
    await granted(9, counter, asking)
    for (const id of ['mine', 'mine', 'never taken']) await open().giveBack(counter, { id, place: 'p' })
    expect(await granted(5, counter, asking)).toBe(1)
  })

  it('forgets the tries of one place, and no other', async () => {
    const counter = randomUUID()
    for (const place of ['mine', 'theirs']) await granted(10, counter, { policy: delay, place })
    await open().forget(counter, 'mine')
    expect(await granted(20, counter, { policy: delay, place: 'mine' })).toBe(10)
    expect(await granted(20, counter, { policy: delay, place: 'theirs' })).toBe(0)
  })

  it('takes nothing from what it knows nothing of, until it is told; what it is told twice counts once', async () => {
    const counter = randomUUID()
    const asked = { id: 'asked', place: 'p' }
    expect(await open().take(counter, asked, window)).toEqual({ outcome: 'unknown', atMs: nowMs() })
    const known = Array.from(
      { length: 9 },
      (_, turn): CountedTry => ({ id: `${turn}`, place: 'p', atMs: nowMs() - turn }),
    )
    expect(await open().take(counter, asked, window, known)).toMatchObject({ outcome: 'granted', last: 'anywhere' })
    expect(await open().take(counter, { ...asked, id: 'more' }, window, known)).toMatchObject({ outcome: 'denied' })
    await open().giveBack(counter, asked)
    expect(await open().take(counter, asked, window)).toMatchObject({ outcome: 'granted' })
    await open().drop(counter)
    expect(await open().take(counter, asked, window)).toMatchObject({ outcome: 'unknown' })
  })

  it('stays known when nothing is left of its tries', async () => {
    const counter = randomUUID()
    await granted(3, counter)
    await open().forget(counter, 'p')
    clock.advance(1)
    expect(await open().take(counter, { id: 'x', place: 'p' }, window)).toMatchObject({ outcome: 'granted' })
  })

  it('judges any course of events as `judgeTries` does', async () => {
    const counter = randomUUID()
    let seed = 7
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    let tries: readonly CountedTry[] = []
    for (let turn = 0; turn < 400; turn++) {
      clock.advance([0, 20_000, minuteMs, 5 * minuteMs, 40 * minuteMs][random(random(12) === 0 ? 5 : 3)] ?? 0)
      const atMs = nowMs()
      const asked = { id: `${turn}`, place: `${random(3)}`, atMs }
      const live = tries.filter((made) => made.atMs > atMs - delay.windowMs)
      const expected = judgeTries(live, asked, delay)
      expect(await open().take(counter, asked, delay, [])).toEqual({ ...expected, atMs })
      tries = expected.outcome === 'granted' ? [...live, asked] : live
      if (random(40) === 0) {
        await open().forget(counter, asked.place)
        tries = tries.filter(({ place }) => place !== asked.place)
      }
    }
  })
}
