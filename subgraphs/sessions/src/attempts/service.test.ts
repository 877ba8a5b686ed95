import { dayMs, systemEntropy as entropy, minuteMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { expect, it } from 'vitest'
import type { Standing } from '../networks/network-rule.ts'
import type { AttemptHistory, Tried } from './history.ts'
import { createIndexes } from './indexes.ts'
import type { AttemptLimit } from './limits.ts'
import { createAttempts } from './service.ts'
import { memoryAttemptStore } from './store.memory.ts'

const keyring = createKeyring(newKeyringMaterial(entropy), entropy)
const limit: AttemptLimit = { max: 2, windowMs: 15 * minuteMs, identifierMax: 5, networkMax: 7 }
const ada = 'ada@example.org'
const device = { deviceId: 'dev_a', userId: 'usr_ada', issuedAtMs: 0 }

interface Terms {
  readonly limits?: AttemptLimit
  readonly standing?: Standing
  readonly tries?: AttemptHistory['tries']
}

const attemptsWith = ({ limits = limit, standing = 'ordinary', tries = async () => [] }: Terms = {}) => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const attempts = createAttempts({
    ...{ store: memoryAttemptStore({ clock }), history: { tries }, entropy, limit: limits },
    networks: { standing: async () => standing },
    indexes: createIndexes(keyring),
  })
  /** Of ten tries, how many are granted. */
  const granted = async (identifier: string, address?: string, known: typeof device | null = null) => {
    const asked = Array.from({ length: 10 }, () => attempts.take(identifier, { address, device: known }))
    const answers = await Promise.allSettled(asked)
    return answers.filter(({ status, ...rest }) => 'value' in rest && rest.value.outcome === 'granted').length
  }
  return { attempts, granted, clock }
}

it('counts an identifier in each network for itself, so that a stranger elsewhere locks nobody out', async () => {
  const { granted } = attemptsWith({ limits: { ...limit, networkMax: 100 } })
  expect(await granted(ada, '192.0.2.7')).toBe(2)
  expect(await granted(ada.toUpperCase(), '192.0.2.7')).toBe(0)
  expect(await granted(ada, '192.0.2.8')).toBe(2)
  expect(await granted('eve@example.org', '192.0.2.7')).toBe(2)
})

it('counts the addresses of one IPv6 network together, and an IPv4 address however it is written', async () => {
  const { granted } = attemptsWith()
  expect(await granted(ada, '2001:db8::1')).toBe(2)
  expect(await granted(ada, '2001:db8::2')).toBe(0)
  expect(await granted(ada, '192.0.2.7')).toBe(2)
  expect(await granted(ada, '::ffff:192.0.2.7')).toBe(0)
})

it('counts who comes from nowhere known together', async () => {
  const { granted } = attemptsWith()
  expect(await granted(ada)).toBe(2)
  expect(await granted(ada, 'unix:')).toBe(0)
})

it('looks at no stranger’s try any more when all networks together have used up the day’s, until they have left the day', async () => {
  const { granted, clock } = attemptsWith({ limits: { ...limit, networkMax: 1_000 } })
  const all = async () => {
    let sum = 0
    for (let host = 1; host < 20; host++) sum += await granted(ada, `192.0.2.${host}`)
    return sum
  }
  expect(await all()).toBe(5)
  clock.advance(dayMs - 1)
  expect(await all()).toBe(0)
  clock.advance(1)
  expect(await all()).toBe(5)
})

it('gives a known device a budget of its own, which no stranger touches and which touches no stranger’s', async () => {
  const { granted } = attemptsWith()
  for (let host = 1; host < 20; host++) await granted(ada, `192.0.2.${host}`)
  expect(await granted(ada, '192.0.2.1', device)).toBe(2)
  expect(await granted(ada, '192.0.2.1', { ...device, deviceId: 'dev_b' })).toBe(2)
  const { granted: other } = attemptsWith()
  await other(ada, '192.0.2.1', device)
  expect(await other(ada, '192.0.2.1')).toBe(2)
})

it('refuses a network with RATE_LIMITED when it has used up its budget, whatever it tried and whether it was looked at', async () => {
  const { attempts, granted } = attemptsWith()
  await granted(ada, '192.0.2.7')
  const refused = { code: 'RATE_LIMITED', facts: { retryAfterMs: 10 * minuteMs } }
  const from = { address: '192.0.2.7' }
  await expect(attempts.take('eve@example.org', from)).rejects.toMatchObject(refused)
  await expect(attempts.takeFactor('usr_ada', from)).rejects.toMatchObject(refused)
  await expect(attempts.takeAnonymous('192.0.2.7')).rejects.toMatchObject(refused)
  await expect(attempts.take(ada, { ...from, device })).resolves.toMatchObject({ outcome: 'granted' })
})

it('counts at the network what no try was taken for', async () => {
  const { attempts } = attemptsWith()
  for (let turn = 0; turn < 7; turn++) await attempts.charge('192.0.2.7')
  await expect(attempts.takeAnonymous('192.0.2.7')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
})

it('never clears the budget of a network: a success gives back its own try and no other', async () => {
  const { attempts } = attemptsWith()
  for (let turn = 0; turn < 20; turn++) {
    const right = await attempts.take(`person${turn}@example.org`, { address: '192.0.2.7' })
    await attempts.settle(right.reservations)
  }
  for (let turn = 0; turn < 6; turn++) await attempts.take(`other${turn}@example.org`, { address: '192.0.2.7' })
  const last = await attempts.take(ada, { address: '192.0.2.7' })
  await expect(attempts.takeAnonymous('192.0.2.7')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  await attempts.settle(last.reservations)
  await expect(attempts.takeAnonymous('192.0.2.7')).resolves.toMatchObject({ outcome: 'granted' })
})

it('has no budget for an allowed network, and nothing for a banned one', async () => {
  const allowed = attemptsWith({ standing: 'allowed' }).attempts
  for (let turn = 0; turn < 20; turn++) await allowed.take(`${turn}@example.org`, { address: '192.0.2.7' })
  const banned = attemptsWith({ standing: 'banned' }).attempts
  for (const known of [null, device])
    await expect(banned.take(ada, { device: known })).rejects.toMatchObject({ code: 'FORBIDDEN' })
})

it('takes back a try that came to nothing, and all of the place after a success', async () => {
  const { attempts, granted } = attemptsWith()
  const first = await attempts.take(ada, { address: '192.0.2.7' })
  await first.giveBack()
  const second = await attempts.take(ada, { address: '192.0.2.7' })
  expect(await granted(ada, '192.0.2.7')).toBe(1)
  const elsewhere = await granted(ada, '192.0.2.8')
  await attempts.settle(second.reservations)
  expect([elsewhere, await granted(ada, '192.0.2.8')]).toEqual([2, 0])
})

it('goes on from what is on record when nothing is kept of a counter', async () => {
  const asked: Tried['of'][] = []
  const tries: AttemptHistory['tries'] = async ({ of }) => {
    asked.push(of)
    const atMs = Date.parse('2029-12-31T23:59:59Z')
    return of === 'identifier' ? Array.from({ length: 4 }, (_, id) => ({ id: `${id}`, place: 'elsewhere', atMs })) : []
  }
  const { granted } = attemptsWith({ tries })
  expect(await granted(ada, '192.0.2.7')).toBe(1)
  expect(new Set(asked)).toEqual(new Set(['network', 'identifier']))
})

it('counts nothing when the limits are lifted for measuring', async () => {
  const { attempts, granted } = attemptsWith({ limits: 'unlimited', standing: 'banned' })
  expect(await granted(ada)).toBe(10)
  const { giveBack, reservations } = await attempts.take(ada, {})
  await expect(Promise.all([giveBack(), attempts.settle(reservations), attempts.charge('')])).resolves.toBeDefined()
})
