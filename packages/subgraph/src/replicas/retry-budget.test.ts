import { expect, it } from 'vitest'
import { createRetryBudget } from './retry-budget.ts'

it('lets a tenth of all questions be asked again, and ten more at once', () => {
  const budget = createRetryBudget()
  let again = 0
  for (let asked = 0; asked < 1_000; asked += 1) {
    budget.earn()
    if (budget.spend()) again += 1
  }
  expect(again).toBeGreaterThanOrEqual(108)
  expect(again).toBeLessThanOrEqual(110)
})

it('saves no more than ten for later', () => {
  const budget = createRetryBudget()
  for (let asked = 0; asked < 1_000; asked += 1) budget.earn()
  expect(Array.from({ length: 11 }, () => budget.spend()).filter(Boolean)).toHaveLength(10)
})
