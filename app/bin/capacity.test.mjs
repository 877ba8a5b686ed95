import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ceilings, demandOf, keptDays, usualLoad, waitMs } from '../../bench/src/capacity/capacity.ts'
import { rewritten, rounded, tablesOf } from '../../bench/src/capacity/tables.ts'
import { inRoot } from './child.mjs'

const constants = JSON.parse(readFileSync(inRoot('bench', 'src', 'capacity', 'constants.json'), 'utf8'))
const page = readFileSync(inRoot('docs', 'operating', 'scaling.md'), 'utf8')

describe('what a load asks for', () => {
  it('grows with the load, part by part', () => {
    const [one, ten] = [demandOf(usualLoad(10_000), constants), demandOf(usualLoad(100_000), constants)]
    for (const [part, value] of Object.entries(ten)) {
      const before = one[part]
      expect(value / before, part).toBeGreaterThan(9.5)
      expect(value / before, part).toBeLessThan(10.5)
    }
  })

  it('is what was measured: a core answers as many embedded as its time allows, at the share that it may be busy', () => {
    const { gatewayEmbeddedSession } = constants.microseconds
    const load = { ...usualLoad(1e6 / gatewayEmbeddedSession), withKey: 0 }
    expect(demandOf(load, constants).gatewayCoresEmbedded).toBeCloseTo(1 / 0.6)
  })

  it('breaks first where one part is full, and names what is next', () => {
    const found = ceilings(constants)
    for (const [at, { requestsPerSecond }] of found.entries()) {
      expect(requestsPerSecond).toBeGreaterThan(0)
      expect(requestsPerSecond).toBeGreaterThanOrEqual(found[at - 1]?.requestsPerSecond ?? 0)
    }
    const slower = { ...constants, microseconds: { ...constants.microseconds, postgresRequest: 50_000 } }
    expect(ceilings(slower)[0]?.part).toMatch(/processors of one Postgres/)
  })
})

it('whoever asks a part that is full waits for ever, and one that is half busy half its time', () => {
  expect(waitMs(1, 20)).toBe(Number.POSITIVE_INFINITY)
  expect(waitMs(0.5, 20)).toBeCloseTo(0.01)
})

it.each([
  [0, '0'],
  [0.0234, '0.023'],
  [0.96, '0.96'],
  [1.26, '1.3'],
  [12.6, '13'],
  [1_234, '1,200'],
  [1_234_567, '1,200,000'],
  [Number.POSITIVE_INFINITY, '∞'],
])('%d is written %s', (value, text) => expect(rounded(value)).toBe(text))

it('keeps rows for as long as an installation does that says nothing else', () => {
  const example = readFileSync(inRoot('.env.example'), 'utf8')
  const daysOf = (name) => Number(example.match(new RegExp(`^LATCHKEY_${name}_KEPT=(\\d+)d?$`, 'm'))?.[1])
  const { audit, usageMinutes, usageHours, usageDays } = keptDays
  expect({ audit, usageMinutes, usageHours, usageDays }).toEqual({
    audit: daysOf('AUDIT'),
    usageMinutes: daysOf('USAGE_MINUTES'),
    usageHours: daysOf('USAGE_HOURS'),
    usageDays: daysOf('USAGE_DAYS'),
  })
})

it('the page about scaling says what the model says', () => {
  const tables = tablesOf(constants)
  for (const name of Object.keys(tables)) expect(page).toContain(`<!-- capacity: ${name} -->`)
  expect(rewritten(page, tables)).toBe(page)
})
