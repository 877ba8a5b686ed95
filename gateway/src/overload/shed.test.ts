import { Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { Ranked } from './rank.ts'
import { createShedding, type Shedding } from './shed.ts'

const known: Readonly<Record<string, Ranked>> = {
  list: { kind: 'query', coordinates: ['Query.users'] },
  me: { kind: 'query', coordinates: ['Query.me'] },
  revoke: { kind: 'mutation', coordinates: ['Mutation.revokeSession'] },
}

let shedding: Shedding | undefined
let refused = 0
afterEach(() => shedding?.close())

function opened(): Shedding {
  refused = 0
  const find = (query: string, operationName: string | undefined) => (operationName ? undefined : known[query])
  shedding = createShedding({
    find,
    onShed() {
      refused += 1
    },
  })
  return shedding
}

const ask = (asked: unknown) => shedding?.begin(asked, () => '192.0.2.1')

it('refuses what is too much at once, and lets in whoever asks for themselves, signs in or revokes', () => {
  opened()
  const lists = Array.from({ length: 2_100 }, () => ask({ query: 'list' }))
  expect(lists.filter((end) => end !== null)).toHaveLength(2_000)
  expect(refused).toBe(100)
  expect(['me', 'revoke'].map((query) => ask({ query }))).toEqual([expect.any(Function), expect.any(Function)])
  lists[0]?.()
  expect(ask({ query: 'list' })).not.toBeNull()
})

it.each([
  ['an operation that was never seen', { query: '{ users { id } }' }],
  ['another operation of a known document', { query: 'me', operationName: 'Other' }],
  ['a text that is none', { query: ['me'] }],
  ['no text and no hash', {}],
  ['a list of operations', [{ query: 'me' }]],
  ['nothing', undefined],
])('refuses %s before what it knows', (_what, asked) => {
  opened()
  for (let times = 0; times < 1_500; times += 1) ask({ query: 'list' })
  expect(ask(asked)).toBeNull()
  expect(ask({ query: 'list' })).not.toBeNull()
})

it('takes a hash for something known, for it costs no more to answer: it is not parsed', () => {
  opened()
  for (let times = 0; times < 1_500; times += 1) ask({ query: 'list' })
  expect(ask({ extensions: { persistedQuery: { version: 1, sha256Hash: 'a' } } })).not.toBeNull()
})

/** What is told of each refusal on it, and what becomes of it then. */
function refuse(connection: Socket, times: number): string[] {
  const told: string[] = []
  for (let time = 0; time < times; time += 1)
    shedding?.refuse(connection, ({ status, headers }, then) =>
      told.push(`${status} ${headers['retry-after']} ${then}`),
    )
  return told
}

it('lets a connection rest on which somebody was refused, closes one that did not wait for it, and reads it again by itself', async () => {
  opened()
  const connection = new Socket()
  expect(refuse(connection, 3)).toEqual(['503 1 keep', '503 1 close', '503 1 close'])
  expect(connection.isPaused()).toBe(true)
  await expect.poll(() => connection.isPaused(), { timeout: 60_000 }).toBe(false)
})

it('says when to come again by how long it takes until all who rest are read', () => {
  opened()
  const told = Array.from({ length: 12_100 }, () => refuse(new Socket(), 1)).flat()
  expect([told.at(0), told.at(-1)]).toEqual(['503 1 keep', '503 5 keep'])
})

it('reads all of them again when it closes, and lets nobody rest any more', () => {
  opened()
  const [before, after] = [new Socket(), new Socket()]
  refuse(before, 1)
  shedding?.close()
  expect(refuse(after, 2)).toEqual(['503 1 keep', '503 1 keep'])
  expect([before.isPaused(), after.isPaused()]).toEqual([false, false])
})
