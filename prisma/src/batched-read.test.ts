import { Problem } from '@latchkey/problem'
import { describe, expect, it } from 'vitest'
import { createBatchedRead } from './batched-read.ts'

interface Row {
  readonly key: string
  readonly value: string
}

/** A reader over a table in memory, whose every statement waits to be answered by hand. */
function aReader(table: Map<string, string>) {
  const statements: { keys: string[]; answer(): void; refuse(error: unknown): void }[] = []
  const arrivals: (() => void)[] = []
  const read = (keys: string[]) =>
    new Promise<Row[]>((resolve, reject) => {
      const rows = keys.flatMap((key) => (table.has(key) ? [{ key, value: table.get(key) ?? '' }] : []))
      statements.push({ keys, answer: () => resolve(rows), refuse: reject })
      arrivals.shift()?.()
    })
  const sent = async (count: number) => {
    while (statements.length < count) await new Promise<void>((resolve) => arrivals.push(resolve))
    const statement = statements[count - 1]
    if (!statement) throw new Error('no such statement')
    return statement
  }
  return { ask: createBatchedRead(read, (row) => row.key), sent, statements }
}

describe('a batched read', () => {
  it('asks for all keys of a turn with one statement, each key once', async () => {
    const { ask, sent, statements } = aReader(new Map([['a', '1']]))
    const answers = Promise.all([ask('a'), ask('b'), ask('a')])
    const statement = await sent(1)
    expect(statement.keys).toEqual(['a', 'b'])
    statement.answer()
    expect(await answers).toEqual([[{ key: 'a', value: '1' }], [], [{ key: 'a', value: '1' }]])
    expect(statements).toHaveLength(1)
  })

  it('answers with what was written while an earlier statement for the same key was on its way', async () => {
    const table = new Map([['a', 'old']])
    const { ask, sent } = aReader(table)
    const early = ask('a')
    const first = await sent(1)
    table.set('a', 'new')
    const late = ask('a')
    first.answer()
    expect(await early).toEqual([{ key: 'a', value: 'old' }])
    const second = await sent(2)
    second.answer()
    expect(await late).toEqual([{ key: 'a', value: 'new' }])
  })

  it('keeps one statement on its way and collects the keys asked for meanwhile', async () => {
    const { ask, sent, statements } = aReader(new Map())
    const first = ask('a')
    const one = await sent(1)
    const rest = Promise.all(['b', 'c', 'd'].map(ask))
    await new Promise(setImmediate)
    expect(statements).toHaveLength(1)
    one.answer()
    const two = await sent(2)
    expect(two.keys).toEqual(['b', 'c', 'd'])
    two.answer()
    expect(await Promise.all([first, rest])).toEqual([[], [[], [], []]])
  })

  it('sends at most a thousand keys with a statement, and the rest with the next', async () => {
    const { ask, sent } = aReader(new Map())
    const answers = Promise.all(Array.from({ length: 1_001 }, (_, index) => ask(`k${index}`)))
    const one = await sent(1)
    expect(one.keys).toHaveLength(1_000)
    one.answer()
    const two = await sent(2)
    expect(two.keys).toEqual(['k1000'])
    two.answer()
    expect(await answers).toHaveLength(1_001)
  })

  it('gives one and the same list to those who ask for a key together, and another one to whoever asks later', async () => {
    const { ask, sent } = aReader(new Map([['a', '1']]))
    const answers = Promise.all([ask('a'), ask('a')])
    ;(await sent(1)).answer()
    const [one, other] = await answers
    expect(other).toBe(one)
    const later = ask('a')
    ;(await sent(2)).answer()
    expect(await later).not.toBe(one)
  })

  it('takes along what those ask for who have just been answered', async () => {
    const { ask, sent } = aReader(new Map())
    const asksAgain = ask('a').then(() => ask('c'))
    const one = await sent(1)
    const collected = ask('b')
    one.answer()
    const two = await sent(2)
    expect(two.keys).toEqual(['b', 'c'])
    two.answer()
    expect(await Promise.all([asksAgain, collected])).toEqual([[], []])
  })

  it('tells every waiter of a failure and remembers nothing of it', async () => {
    const { ask, sent } = aReader(new Map([['a', '1']]))
    const failed = Promise.allSettled([ask('a'), ask('a')])
    ;(await sent(1)).refuse(new Error('syntax'))
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const again = ask('a')
    ;(await sent(2)).answer()
    expect(await again).toEqual([{ key: 'a', value: '1' }])
  })

  it('asks each key once on its own after a failure, so that a bad one fails for whoever asked for it', async () => {
    const { ask, sent, statements } = aReader(new Map([['a', '1']]))
    const outcomes = Promise.allSettled([ask('a'), ask('bad'), ask('a'), ask('c')])
    ;(await sent(1)).refuse(new Error('the statement'))
    ;(await sent(2)).answer()
    ;(await sent(3)).refuse(new Error('the key'))
    ;(await sent(4)).answer()
    const good = { status: 'fulfilled', value: [{ key: 'a', value: '1' }] }
    const bad = { status: 'rejected', reason: new Error('the key') }
    expect(await outcomes).toEqual([good, bad, good, { status: 'fulfilled', value: [] }])
    expect(statements.map(({ keys }) => keys)).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c']])
  })

  it('asks for no further key on its own once the database is unavailable', async () => {
    const { ask, sent, statements } = aReader(new Map())
    const outcomes = Promise.allSettled([ask('a'), ask('b'), ask('c')])
    ;(await sent(1)).refuse(new Error('the statement'))
    ;(await sent(2)).refuse(new Problem('UNAVAILABLE'))
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(statements).toHaveLength(2)
  })

  it('lets nobody wait for a second time-out: the keys collected meanwhile fail with an unavailable database', async () => {
    const { ask, sent, statements } = aReader(new Map())
    const first = ask('a')
    const statement = await sent(1)
    const collected = ask('b')
    statement.refuse(new Problem('UNAVAILABLE'))
    const outcomes = await Promise.allSettled([first, collected])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(statements).toHaveLength(1)
    const afterwards = ask('c')
    ;(await sent(2)).answer()
    expect(await afterwards).toEqual([])
  })

  it('asks for what was collected behind a statement that failed by itself', async () => {
    const { ask, sent } = aReader(new Map([['b', '2']]))
    const first = ask('a').catch((error: Error) => error.message)
    const one = await sent(1)
    const collected = ask('b')
    one.refuse(new Error('syntax'))
    ;(await sent(2)).answer()
    expect(await Promise.all([first, collected])).toEqual(['syntax', [{ key: 'b', value: '2' }]])
  })
})
