import { expect, it } from 'vitest'
import { readRateLimits } from './rate-limits.ts'

const limit = { name: 'burst', limit: 10, windowSeconds: 60 }
const faultsOf = (...rateLimits: Parameters<typeof readRateLimits>[0]['rateLimits'] & object) =>
  Object.keys(readRateLimits({ rateLimits }).faults ?? {})

it('lets as many come at once as there are in a window, unless it is said', () => {
  expect(readRateLimits({ rateLimits: [limit, { ...limit, name: 'other', burst: 2 }] })).toEqual({
    part: {
      rateLimits: [
        { ...limit, burst: 10 },
        { ...limit, name: 'other', burst: 2 },
      ],
    },
  })
})

it('says nothing where nothing is said, and an empty list gives the limit of every key back', () => {
  expect([readRateLimits({}), readRateLimits({ rateLimits: null })]).toEqual([{}, {}])
  expect(readRateLimits({ rateLimits: [] })).toEqual({ part: { rateLimits: undefined } })
})

it.each([
  ['no name', { name: '' }],
  ['a name in capitals', { name: 'Burst' }],
  ['a name without end', { name: 'a'.repeat(33) }],
  ['a name that could break a header', { name: 'a", b' }],
  ['the name of the limit of every key', { name: 'default' }],
  ["the name of the owner's limit", { name: 'owner' }],
])('%s is refused', (_, over) => {
  expect(faultsOf({ ...limit, ...over })).toEqual(['input.rateLimits.0.name'])
})

it.each(['limit', 'windowSeconds', 'burst'] as const)('a %s is from 1 to its bound', (field) => {
  const max = field === 'windowSeconds' ? 2_592_000 : 1_000_000
  for (const value of [0, -1, max + 1])
    expect(faultsOf({ ...limit, [field]: value })).toContain(`input.rateLimits.0.${field}`)
  for (const value of [1, max]) expect(faultsOf({ ...limit, [field]: value })).toEqual([])
})

it('names every mistake at once', () => {
  expect(faultsOf(limit, limit, { name: '?', limit: 0, windowSeconds: 0, burst: 0 })).toEqual([
    ...['input.rateLimits.1.name', 'input.rateLimits.2.name'],
    ...['input.rateLimits.2.limit', 'input.rateLimits.2.windowSeconds', 'input.rateLimits.2.burst'],
  ])
})

it('takes ten, and looks at none of more', () => {
  const many = Array.from({ length: 11 }, (_, at) => ({ ...limit, name: `n${at}` }))
  expect(faultsOf(...many.slice(1))).toEqual([])
  expect(faultsOf(...many)).toEqual(['input.rateLimits'])
})
