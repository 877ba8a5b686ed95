import { systemEntropy as entropy, minuteMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { expect, it } from 'vitest'
import type { AttemptLimit } from './attempts.ts'
import { createAttempts } from './service.ts'
import { memoryAttemptStore } from './store.memory.ts'

const keyring = createKeyring(newKeyringMaterial(entropy), entropy)

const attemptsWith = (limit: AttemptLimit = { max: 2, windowMs: 15 * minuteMs }) => {
  const attempts = createAttempts({
    ...{ store: memoryAttemptStore(), keyring, entropy, limit },
    clock: clockAt('2030-01-01T00:00:00Z'),
  })
  /** How many of ten tries are granted. */
  const granted = async (identifier: string, address?: string) => {
    const tries = await Promise.all(Array.from({ length: 10 }, () => attempts.take(identifier, address)))
    return tries.filter((attempt) => attempt !== null).length
  }
  return { attempts, granted }
}

it('counts an identifier in each network for itself, so that a stranger elsewhere locks nobody out', async () => {
  const { granted } = attemptsWith()
  expect(await granted('ada@example.org', '192.0.2.7')).toBe(2)
  expect(await granted('ADA@example.org', '192.0.2.7')).toBe(0)
  expect(await granted('ada@example.org', '192.0.2.8')).toBe(2)
  expect(await granted('eve@example.org', '192.0.2.7')).toBe(2)
})

it('counts the addresses of one IPv6 network together', async () => {
  const { granted } = attemptsWith()
  expect(await granted('ada@example.org', '2001:db8::1')).toBe(2)
  expect(await granted('ada@example.org', '2001:db8::2')).toBe(0)
})

it('counts who comes from nowhere known together', async () => {
  const { granted } = attemptsWith()
  expect(await granted('ada@example.org')).toBe(2)
  expect(await granted('ada@example.org', 'unix:')).toBe(0)
})

it('takes back a try that came to nothing, and all of them after a success', async () => {
  const { attempts, granted } = attemptsWith()
  const first = await attempts.take('ada@example.org', '192.0.2.7')
  await first?.giveBack()
  const second = await attempts.take('ada@example.org', '192.0.2.7')
  expect(await granted('ada@example.org', '192.0.2.7')).toBe(1)
  await second?.succeed()
  expect(await granted('ada@example.org', '192.0.2.7')).toBe(2)
})

it('counts nothing when the limit is lifted for measuring', async () => {
  const { attempts, granted } = attemptsWith('unlimited')
  expect(await granted('ada@example.org')).toBe(10)
  const attempt = await attempts.take('ada@example.org', undefined)
  await expect(Promise.all([attempt?.giveBack(), attempt?.succeed()])).resolves.toBeDefined()
})
