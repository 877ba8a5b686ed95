import { minuteMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { expect, it } from 'vitest'
import { keepsWrongKeys } from './wrong-keys.contract.ts'
import { memoryWrongKeys } from './wrong-keys.memory.ts'
import { knownForMs, wrongKeysIn } from './wrong-keys.ts'

const clock = clockAt('2030-01-01T00:00:00Z')

keepsWrongKeys(async () => [memoryWrongKeys({ clock })], clock)

it('forgets what is over first when very many networks show wrong keys, and stays within its bounds', async () => {
  const store = memoryWrongKeys({ clock })
  const budget = wrongKeysIn(1)
  for (let turn = 0; turn < 9_000; turn++) await store.charge(`network ${turn}`, budget)
  clock.advance(10 * minuteMs)
  await store.charge('stopped', budget)
  for (let turn = 9_000; turn < 10_500; turn++) await store.charge(`network ${turn}`, budget)
  expect(await store.stoppedForMs('stopped')).toBe(10 * minuteMs)
  expect(await store.stoppedForMs('network 0')).toBe(0)
})

it('knows a key for an hour to the millisecond', async () => {
  const store = memoryWrongKeys({ clock })
  await store.welcome('here', 'Key1')
  clock.advance(knownForMs - 1)
  expect(await store.isWelcome('here', 'Key1')).toBe(true)
  clock.advance(1)
  expect(await store.isWelcome('here', 'Key1')).toBe(false)
})
