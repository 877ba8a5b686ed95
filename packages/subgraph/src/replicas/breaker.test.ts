import { expect, it } from 'vitest'
import { createBreaker } from './breaker.ts'

function aBreaker() {
  const time = { nowMs: 0 }
  const breaker = createBreaker(() => time.nowMs)
  const fail = (times: number) => {
    for (let time = 0; time < times; time += 1) breaker.failed()
  }
  return { time, breaker, fail }
}

it('lets everything pass until twenty failed in a row', () => {
  const { breaker, fail } = aBreaker()
  fail(19)
  breaker.answered()
  fail(19)
  expect(breaker.closedForMs()).toBe(0)
  fail(1)
  expect(breaker.closedForMs()).toBe(250)
})

it('lets one pass after the pause, and the others wait for what becomes of it', () => {
  const { time, breaker, fail } = aBreaker()
  fail(20)
  time.nowMs = 250
  expect([breaker.closedForMs(), breaker.closedForMs()]).toEqual([0, 1_000])
  breaker.answered()
  expect([breaker.closedForMs(), breaker.closedForMs()]).toEqual([0, 0])
})

it('does not rest longer for all the others who were under way when it broke', () => {
  const { breaker, fail } = aBreaker()
  fail(400)
  expect(breaker.closedForMs()).toBe(250)
})

it('rests longer each time, a second at most', () => {
  const { time, breaker, fail } = aBreaker()
  fail(19)
  const pauses = Array.from({ length: 4 }, () => {
    fail(1)
    const pause = breaker.closedForMs()
    time.nowMs += pause
    breaker.closedForMs()
    return pause
  })
  expect(pauses).toEqual([250, 500, 1_000, 1_000])
})
