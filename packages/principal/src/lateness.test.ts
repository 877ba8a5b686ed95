import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AwakeClock } from '@latchkey/clock/awake'
import { expect, it } from 'vitest'
import { createLateness } from './lateness.ts'

/** A store whose probes are answered by hand. */
function aStore() {
  let nowMs = 0
  const probes: { resolve: () => void; reject: (error: Error) => void }[] = []
  const store = { isThere: true }
  const ticks = new Set<() => void>()
  const awake: AwakeClock = {
    nowMs: () => nowMs,
    wait(onTick = () => {}) {
      ticks.add(onTick)
      return () => void ticks.delete(onTick)
    },
  }
  /** As the clock does every now and then, while somebody waits. */
  const look = () => {
    for (const onTick of ticks) onTick()
  }
  const lateness = createLateness({
    lateAfterMs: 200,
    awake,
    isThere: () => store.isThere,
    probe: () => new Promise<void>((resolve, reject) => probes.push({ resolve, reject })),
  })
  /** So much is asked at once, and answered so much later. */
  const ask = (tookMs: number, count = 1) => {
    const answers = Array.from({ length: count }, () => lateness.asked(() => {}))
    nowMs += tookMs
    for (const answered of answers) answered()
  }
  const probed = async (tookMs: number, outcome: 'answered' | 'failed' = 'answered') => {
    await expect.poll(() => probes).toHaveLength(1)
    nowMs += tookMs
    const probe = probes.pop()
    if (outcome === 'answered') probe?.resolve()
    else probe?.reject(new Error('no sign of life'))
    await nextTurn()
  }
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { ...lateness, store, look, ticks, ask, pass, probed, probes }
}

it('a store is late from one late answer on, until a probe is answered in time', async () => {
  const { ask, isLate, probed } = aStore()
  ask(200)
  expect(isLate()).toBe(false)
  ask(201)
  expect(isLate()).toBe(true)
  await probed(201)
  await probed(0, 'failed')
  expect(isLate()).toBe(true)
  await probed(200)
  await expect.poll(() => isLate()).toBe(false)
})

it('what is late is given up, once, and nothing that is in time', () => {
  const { asked, look, isLate, pass } = aStore()
  const givenUp: string[] = []
  const ask = (name: string) => asked(() => givenUp.push(name))
  ask('first')
  const answered = ask('second')
  pass(100)
  ask('third')
  pass(100)
  look()
  expect([givenUp, isLate()]).toEqual([[], false])
  pass(1)
  answered()
  look()
  look()
  expect([givenUp, isLate()]).toEqual([['first'], true])
})

it('nobody is woken while nothing is asked', () => {
  const { asked, ticks } = aStore()
  const [first, second] = [asked(() => {}), asked(() => {})]
  first()
  expect(ticks.size).toBe(1)
  second()
  expect(ticks.size).toBe(0)
})

it('many late answers at once are one lateness, with one probe at a time', async () => {
  const { ask, probes, probed, isLate } = aStore()
  ask(300, 20)
  await nextTurn()
  expect(probes).toHaveLength(1)
  await probed(1)
  await expect.poll(() => isLate()).toBe(false)
  expect(probes).toEqual([])
})

it('a store that is gone is not late: its connection says for itself that nothing can be asked', async () => {
  const { ask, isLate, probed, store } = aStore()
  ask(300)
  store.isThere = false
  await probed(0, 'failed')
  await expect.poll(() => isLate()).toBe(false)
})
