import { minuteMs, secondMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { silentLogger } from '@latchkey/telemetry'
import { expect, it, vi } from 'vitest'
import type { HashedKey } from './key-errands.ts'
import { createKeyRenewal } from './key-renewal.ts'

function renewal(answer: (keyId: string) => Promise<HashedKey | null>) {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const rehashApiKey = vi.fn(async (keyId: string, _text: string) => answer(keyId))
  const keyring = { keyIds: () => ['newest', 'older'] }
  return { clock, rehashApiKey, renew: createKeyRenewal({ keyring, rehashApiKey, clock, logger: silentLogger }) }
}
const old = { keyId: 'Key000000001', pepperId: 'older' }
const done = async (keyId: string) => ({ keyId, pepperId: 'newest' })
const settled = () => new Promise((resolve) => setImmediate(resolve))

it('a key under the newest pepper stays where it is', () => {
  const { renew, rehashApiKey } = renewal(done)
  renew({ ...old, pepperId: 'newest' }, 'text')
  expect(rehashApiKey).not.toHaveBeenCalled()
})

it('a key under an older one is sent once, with its text, however often it is used', async () => {
  const { renew, rehashApiKey, clock } = renewal(done)
  for (let use = 0; use < 200; use += 1) renew(old, 'text')
  await settled()
  clock.advance(60 * minuteMs)
  renew(old, 'text')
  expect(rehashApiKey.mock.calls).toEqual([['Key000000001', 'text']])
})

it.each<[string, number, () => Promise<HashedKey | null>]>([
  ['a minute after ApiKeys could not be reached', minuteMs, () => Promise.reject(new Error('away'))],
  [
    'two seconds after ApiKeys did not make with the newest pepper yet',
    2 * secondMs,
    async () => ({ keyId: old.keyId, pepperId: 'older' }),
  ],
])('it is sent again %s', async (_, afterMs, answer) => {
  const { renew, rehashApiKey, clock } = renewal(answer)
  renew(old, 'text')
  await settled()
  clock.advance(afterMs - 1)
  renew(old, 'text')
  expect(rehashApiKey).toHaveBeenCalledTimes(1)
  clock.advance(1)
  renew(old, 'text')
  expect(rehashApiKey).toHaveBeenCalledTimes(2)
  await settled()
})
