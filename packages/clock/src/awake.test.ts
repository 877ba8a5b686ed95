import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { watchAwake } from './awake.ts'

const standStill = (ms: number) => {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

it('goes like any clock while the event loop turns, and never back', async () => {
  const awake = watchAwake()
  const begunMs = performance.now()
  let lastMs = awake.nowMs()
  for (let times = 0; times < 20; times += 1) {
    await pause(10)
    expect(awake.nowMs()).toBeGreaterThanOrEqual(lastMs)
    lastMs = awake.nowMs()
  }
  expect(lastMs).toBeLessThanOrEqual(performance.now() - begunMs)
  expect(lastMs).toBeGreaterThan(100)
  awake.stop()
})

it('stands still with the event loop: a stall counts for a moment, while it lasts and afterwards', async () => {
  const awake = watchAwake()
  const beforeMs = awake.nowMs()
  standStill(300)
  expect(awake.nowMs() - beforeMs).toBeLessThanOrEqual(40)
  await pause(0)
  expect(awake.nowMs() - beforeMs).toBeLessThan(100)
  awake.stop()
})
