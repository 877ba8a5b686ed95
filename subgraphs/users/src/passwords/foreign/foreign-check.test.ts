import argon2 from 'argon2'
import { describe, expect, it } from 'vitest'
import { createForeignCheck } from './foreign-check.ts'
import { parseForeignHash } from './foreign-hash.ts'
import { vectors } from './foreign-vectors.fixture.ts'

const check = createForeignCheck((phc, password) => argon2.verify(phc, password))

function matches(typed: string, text: string): Promise<boolean> {
  const foreign = parseForeignHash(text)
  return 'fault' in foreign ? expect.fail(foreign.fault) : check(typed, foreign)
}

describe('a published hash', () => {
  it.each(vectors)('is that of its password and of no other: $source', async ({ password, hash }) => {
    expect(await matches(password, hash)).toBe(true)
    expect(await matches(`x${password}`, hash)).toBe(false)
  })

  it('may be argon2d', async () => {
    const hash = await argon2.hash('password', { type: argon2.argon2d, memoryCost: 1_024, timeCost: 1, parallelism: 2 })
    expect(await matches('password', hash)).toBe(true)
    expect(await matches('passwore', hash)).toBe(false)
  })
})

it('is checked with what was typed, not with another spelling of it', async () => {
  const hash = await argon2.hash('jos\u00e9', { memoryCost: 1_024, timeCost: 1, parallelism: 1 })
  expect(await matches('jos\u00e9', hash)).toBe(true)
  expect(await matches('jose\u0301', hash)).toBe(false)
})

it('leaves the event loop to others while it is checked', async () => {
  let turns = 0
  const timer = setInterval(() => (turns += 1), 1)
  // Cost 10: some sixty milliseconds of a core.
  await matches('x', '$2a$10$k1wbIrmNyFAPwPVPSVa/zecw2BCEnBwVS2GbrmgzxFUOqW9dk4TCW')
  clearInterval(timer)
  expect(turns).toBeGreaterThan(5)
})
