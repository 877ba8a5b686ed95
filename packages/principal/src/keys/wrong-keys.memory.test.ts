import { expect, it } from 'vitest'
import { keepsWrongKeys } from './wrong-keys.contract.ts'
import { memoryWrongKeys } from './wrong-keys.memory.ts'
import { knownForMs, wrongKeysIn } from './wrong-keys.ts'

keepsWrongKeys(
  async () => [memoryWrongKeys()],
  () => 1_900_000_000_000,
)

it('forgets what is over first when very many networks show wrong keys, and stays within its bounds', async () => {
  const store = memoryWrongKeys()
  const budget = wrongKeysIn(1)
  await store.charge('stopped', 600_000, budget)
  for (let turn = 0; turn < 10_500; turn++) await store.charge(`network ${turn}`, turn < 9_000 ? 0 : 600_000, budget)
  expect(await store.stoppedUntilMs('stopped')).toBe(1_200_000)
  expect(await store.stoppedUntilMs('network 0')).toBe(0)
})

it('knows a key for an hour to the millisecond', async () => {
  const store = memoryWrongKeys()
  await store.welcome('here', 'Key1', 0)
  expect(await store.isWelcome('here', 'Key1', knownForMs - 1)).toBe(true)
  expect(await store.isWelcome('here', 'Key1', knownForMs)).toBe(false)
})
