import type { LimitState } from '@latchkey/principal/key-budgets'
import { expect, it } from 'vitest'
import { headersOf, policyOf } from './rate-limit-headers.ts'

const told = (limits: readonly LimitState[]) => headersOf(limits, policyOf(limits))

const state = (over: Partial<LimitState>): LimitState => ({
  ...{ name: 'own', limit: 600, windowMs: 60_000, burst: 100, remaining: 99, resetMs: 100 },
  ...over,
})

it('tells of the limit that is nearest to its end, and names all of them', () => {
  const nearest = state({
    name: 'daily',
    limit: 50,
    windowMs: 86_400_000,
    burst: 50,
    remaining: 3,
    resetMs: 81_216_000,
  })
  expect(told([state({}), nearest, state({ name: 'owner', remaining: 999 })])).toEqual({
    'ratelimit-limit': '50',
    'ratelimit-remaining': '3',
    'ratelimit-reset': '81216',
    'ratelimit-policy':
      '600;w=60;burst=100;name="own", 50;w=86400;burst=50;name="daily", 600;w=60;burst=100;name="owner"',
  })
})

it('of two with as little left, the one that takes longer; and seconds are never too few', () => {
  const [soon, late] = [state({ remaining: 0, resetMs: 1 }), state({ remaining: 0, resetMs: 1_001 })]
  for (const limits of [
    [soon, late],
    [late, soon],
  ])
    expect(told(limits)?.['ratelimit-reset']).toBe('2')
})

it('says nothing where nothing is limited', () => {
  expect(told([])).toBeNull()
})
