import { systemClock as clock } from '@latchkey/clock'
import type { News } from '@latchkey/principal/account-news'
import { memoryAccountNews } from '@latchkey/principal/account-news.memory'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { anApiKey } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { Ending, GraphQLRequest } from '../pipeline.ts'
import { createKeyUseTeller } from './key-uses.ts'

async function telling() {
  const news = memoryAccountNews()
  const heard: News[] = []
  await news.listen('usr_ada', { heard: (one) => heard.push(one), lost: () => {} })
  const { witness, close } = createKeyUseTeller({ news, clock })
  const use = (keyId: string, ownerId: string, ending: Partial<Ending> = { result: { data: {} } }) =>
    witness(
      {} as GraphQLRequest,
      { caller: { principal: anApiKey(), key: { keyId, ownerId } as ApiKeyRecord }, asked: [], ...ending },
      1,
    )
  return { heard, use, close }
}

it('tells the owner soon of the first use, and of all that follow within a second together', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const { heard, use, close } = await telling()
  use('K1', 'usr_ada')
  await vi.advanceTimersByTimeAsync(20)
  expect(heard).toHaveLength(1)
  for (let n = 0; n < 500; n++) use('K1', 'usr_ada', n % 5 ? {} : { thrown: new Problem('FORBIDDEN') })
  use('K2', 'usr_ada')
  use('K3', 'usr_eve')
  await vi.advanceTimersByTimeAsync(979)
  expect(heard).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(21)
  expect(heard).toHaveLength(3)
  const facts = heard.map(({ event }) => ({ ...event?.facts, at: 0 }))
  expect(facts).toEqual([
    { id: 'K1', uses: 1, refused: 0, at: 0 },
    { id: 'K1', uses: 500, refused: 100, at: 0 },
    { id: 'K2', uses: 1, refused: 0, at: 0 },
  ])
  close()
})
