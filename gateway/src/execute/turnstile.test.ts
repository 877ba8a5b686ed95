import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createTurnstile } from './turnstile.ts'

const stays = new AbortController().signal

/** So many arrive at once; what has begun so far, in order. */
function arrivals(count: number, signalOf: (index: number) => AbortSignal = () => stays) {
  const pass = createTurnstile({ perTurn: 4, waitingMax: 10_000 })
  const begun: number[] = []
  const passed = Array.from({ length: count }, (_, index) =>
    pass(async () => {
      begun.push(index)
      return index
    }, signalOf(index)),
  )
  return { pass, begun, passed }
}

describe('the turnstile', () => {
  it('lets few begin at once, and at once', async () => {
    const { begun, passed } = arrivals(4)
    expect(begun).toEqual([0, 1, 2, 3])
    expect(await Promise.all(passed)).toEqual([0, 1, 2, 3])
  })

  it('lets four of many begin in a turn, in order, and loses none', async () => {
    const { begun, passed } = arrivals(30)
    for (let turn = 1; begun.length < 30; turn++) {
      expect(begun).toHaveLength(Math.min(4 * turn, 30))
      await nextTurn()
    }
    expect(await Promise.all(passed)).toEqual(begun)
    expect(begun).toEqual(Array.from({ length: 30 }, (_, index) => index))
  })

  it('lets nobody pass those who wait', async () => {
    const { pass, begun, passed } = arrivals(10)
    await nextTurn()
    const late = pass(async () => begun.push(99), stays)
    await Promise.all([...passed, late])
    expect(begun.at(-1)).toBe(99)
  })

  it('lets more begin where very many wait, so that nobody waits for long', async () => {
    const { begun, passed } = arrivals(10_000)
    let turns = 0
    for (; begun.length < 10_000; turns++) await nextTurn()
    expect(turns).toBeLessThan(450)
    expect(await Promise.all(passed)).toHaveLength(10_000)
  })

  it('does not begin what a client asked that has gone, and goes on with the others', async () => {
    const leaver = new AbortController()
    const { begun, passed } = arrivals(12, (index) => (index >= 4 && index < 11 ? leaver.signal : stays))
    leaver.abort()
    const outcomes = await Promise.allSettled(passed)
    expect(begun).toEqual([0, 1, 2, 3, 11])
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(7)
  })

  it('refuses whoever comes while as many wait as may, begins nothing for them, and lets in again when there is room', async () => {
    const pass = createTurnstile({ perTurn: 4, waitingMax: 10 })
    const begun: number[] = []
    const ask = (index: number) => pass(async () => begun.push(index), stays)
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => ask(index)))
    expect(begun).toEqual(Array.from({ length: 14 }, (_, index) => index))
    expect(outcomes.slice(14)).toEqual(
      Array.from({ length: 6 }, () => ({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'UNAVAILABLE', facts: { retryAfterMs: 1_000 } }),
      })),
    )
    await ask(99)
    expect(begun.at(-1)).toBe(99)
  })

  it('hands on what the work fails with', async () => {
    const pass = createTurnstile({ perTurn: 1, waitingMax: 1 })
    await expect(pass(() => Promise.reject(new Error('no')), stays)).rejects.toThrow('no')
    expect(await pass(async () => 'yes', stays)).toBe('yes')
  })
})
