import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { afterAwake, createAwakeClock } from './awake.ts'

const standStill = (ms: number) => {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

it('goes like any clock while the event loop turns and somebody waits, and never back', async () => {
  const begunMs = performance.now()
  const awake = createAwakeClock()
  const over = awake.wait()
  let lastMs = awake.nowMs()
  for (let times = 0; times < 20; times += 1) {
    await pause(10)
    expect(awake.nowMs()).toBeGreaterThanOrEqual(lastMs)
    lastMs = awake.nowMs()
  }
  over()
  expect(lastMs).toBeLessThanOrEqual(performance.now() - begunMs)
  expect(lastMs).toBeGreaterThan(100)
})

it('stands still with the event loop: a stall counts for a moment, while it lasts and afterwards', async () => {
  let realMs = 0
  const awake = createAwakeClock(() => realMs)
  const ticks = vi.fn()
  const over = awake.wait(ticks)
  realMs += 300
  expect(awake.nowMs()).toBe(40)
  await expect.poll(() => ticks).toHaveBeenCalled()
  expect(awake.nowMs()).toBe(40)
  over()
})

it('wakes a process while somebody waits, and leaves it alone when nobody does', async () => {
  const [ticks, later] = [vi.fn(), vi.fn()]
  const awake = createAwakeClock()
  const over = awake.wait(ticks)
  await expect.poll(() => ticks.mock.calls.length).toBeGreaterThan(2)
  over()
  await pause(100)
  const [times, stillMs] = [ticks.mock.calls.length, awake.nowMs()]
  await pause(100)
  expect([ticks.mock.calls.length, awake.nowMs()]).toEqual([times, stillMs])
  const again = awake.wait(later)
  await expect.poll(() => later).toHaveBeenCalled()
  expect(awake.nowMs()).toBeGreaterThan(stillMs)
  again()
})

it('acts once when it was awake for so long, and not at all when that is prevented', async () => {
  const awake = createAwakeClock()
  const [act, prevented] = [vi.fn(), vi.fn()]
  afterAwake(200, act, awake)
  const prevent = afterAwake(150, prevented, awake)
  standStill(300)
  await pause(30)
  expect(act).not.toHaveBeenCalled()
  prevent()
  await expect.poll(() => act).toHaveBeenCalled()
  await pause(100)
  expect([act.mock.calls.length, prevented.mock.calls.length]).toEqual([1, 0])
})
