import { afterEach, expect, it } from 'vitest'
import type { GraphQLRequest } from '../pipeline.ts'
import type { Answer } from '../respond/respond.ts'
import type { Ranked } from './rank.ts'
import { createShedding, type Shedding } from './shed.ts'

const known: Readonly<Record<string, Ranked>> = {
  list: { kind: 'query', coordinates: ['Query.users'] },
  me: { kind: 'query', coordinates: ['Query.me'] },
  revoke: { kind: 'mutation', coordinates: ['Mutation.revokeSession'] },
}

let shedding: Shedding | undefined
afterEach(() => shedding?.close())

const answered: Answer = { status: 200, headers: {}, result: { data: null } }

/** A gateway whose work is done when the test says so. */
function aGateway() {
  const waiting: (() => void)[] = []
  shedding = createShedding(({ query }) => known[query])
  const pipeline = shedding.over(() => new Promise((resolve) => waiting.push(() => resolve(answered))))
  const ask = (query: string) =>
    pipeline({
      ...{ method: 'POST', headers: {}, query, operationName: undefined, variables: {}, requestId: 'req_1' },
      ...{ client: { address: '127.0.0.1', userAgent: '' }, signal: new AbortController().signal },
    } satisfies GraphQLRequest)
  return { ask, waiting, done: () => waiting.splice(0).map((end) => end()) }
}

it('refuses what is too much at once, before anything is done with it, and lets in whoever revokes', async () => {
  const { ask, waiting, done } = aGateway()
  const lists = Array.from({ length: 1_600 }, () => ask('list'))
  expect(waiting).toHaveLength(1_500)
  expect(await lists.at(-1)).toEqual({
    status: 503,
    headers: { 'retry-after': '1' },
    result: {
      errors: [{ message: 'Not available just now.', extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } }],
    },
  })
  const others = ['never seen', 'me', 'revoke'].map(ask)
  expect(waiting).toHaveLength(1_502)
  expect((await others[0])?.status).toBe(503)
  done()
  expect((await Promise.all(lists)).filter(({ status }) => status === 200)).toHaveLength(1_500)
})

it('takes the next when one is answered, or fails', async () => {
  const { ask, waiting, done } = aGateway()
  const lists = Array.from({ length: 1_500 }, () => ask('list'))
  expect((await ask('list')).status).toBe(503)
  done()
  await Promise.all(lists)
  void ask('list')
  expect(waiting).toHaveLength(1)
  shedding?.close()
  const failing = createShedding(() => known.list)
  const failed = failing.over(() => Promise.reject(new Error('a fault')))
  const request = { query: 'list', operationName: undefined } as GraphQLRequest // nothing else is read of it
  for (let times = 0; times < 3_000; times += 1) await expect(failed(request)).rejects.toThrow('a fault')
  failing.close()
})
