import { setTimeout as pause } from 'node:timers/promises'
import { clockAt, seededEntropy } from '@latchkey/clock/testing'
import { type KeyUse, readBatch, type UsageBatch } from '@latchkey/principal/key-usage'
import { createLogger } from '@latchkey/telemetry'
import { describe, expect, it } from 'vitest'
import { createUsageRecorder } from './recorder.ts'

const use = (tookMs: number): KeyUse => ({
  ...{ keyId: 'Key000000001', atMs: 0, operation: null, outcome: 'OK', subgraphs: [], tookMs },
})

interface Terms {
  readonly add?: (texts: readonly string[], before: number) => Promise<{ trimmed: number }>
  readonly keptMax?: number
}

function recording({ add = async () => ({ trimmed: 0 }), keptMax = 50_000 }: Terms = {}) {
  const sent: string[][] = []
  const lines: string[] = []
  const logger = createLogger({
    ...{ level: 'warn', service: 'test', destination: { write: (line) => void lines.push(line) } },
  })
  const recorder = createUsageRecorder({
    stream: {
      async add(texts) {
        const answer = await add(texts, sent.length)
        sent.push([...texts])
        return answer
      },
    },
    ...{ clock: clockAt('2030-01-01T00:00:00Z'), entropy: seededEntropy(), logger, keptMax },
  })
  const batches = () => sent.flat().map((text) => readBatch(text) as UsageBatch)
  return { recorder, sent, lines, batches }
}

const errors = (lines: readonly string[]) =>
  lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error')

describe('the recorder of uses', () => {
  it('gathers for a tenth of a second, and sends at once what has become many', async () => {
    const { recorder, batches } = recording()
    recorder.record(use(1))
    recorder.record(use(2))
    await pause(20)
    expect(batches()).toEqual([])
    await pause(130)
    expect(batches().map(({ uses }) => uses.length)).toEqual([2])
    for (let at = 0; at < 1_000; at++) recorder.record(use(at))
    await pause(20)
    expect(batches().map(({ uses }) => uses.length)).toEqual([2, 500, 500])
  })

  it('numbers batches, and the uses in them, so that whoever counts sees what is missing', async () => {
    const { recorder, batches } = recording()
    for (let at = 0; at < 1_200; at++) recorder.record(use(at))
    await recorder.close()
    expect(batches().map(({ sequence, before }) => [sequence, before])).toEqual([
      [1, 0],
      [2, 500],
      [3, 1_000],
    ])
    expect(new Set(batches().map(({ producer }) => producer)).size).toBe(1)
  })

  it('sends the same batch again when it is not known whether it came, and nothing out of order', async () => {
    let failing = true
    const { recorder, batches, lines } = recording({
      add: async () => (failing ? Promise.reject(new Error('away')) : { trimmed: 0 }),
    })
    for (let at = 0; at < 1_200; at++) recorder.record(use(at))
    await pause(300)
    failing = false
    await recorder.close()
    expect(batches().map(({ sequence }) => sequence)).toEqual([1, 2, 3])
    expect(batches().flatMap(({ uses }) => uses.map(({ tookMs }) => tookMs))).toEqual(
      Array.from({ length: 1_200 }, (_, at) => at),
    )
    expect(errors(lines)).toEqual([])
  })

  it('keeps so many and no more while nobody takes them, and says how many were dropped', async () => {
    let failing = true
    const { recorder, batches, lines } = recording({
      add: async () => (failing ? Promise.reject(new Error('away')) : { trimmed: 0 }),
      keptMax: 1_000,
    })
    for (let at = 0; at < 2_200; at++) recorder.record(use(at))
    await pause(150)
    failing = false
    await pause(400)
    recorder.record(use(0))
    await recorder.close()
    expect(batches().map(({ sequence, before }) => [sequence, before])).toEqual([
      [1, 0],
      [2, 500],
      [6, 2_200],
    ])
    expect(errors(lines).reduce((sum, { count }) => sum + count, 0)).toBe(1_200)
  })

  it('sends large operations in more batches, not in larger ones', async () => {
    const { recorder, sent, batches } = recording()
    const coordinates = Array.from({ length: 500 }, (_, at) => `Query.aFieldWithSomeName${at}`)
    for (let at = 0; at < 400; at++) recorder.record({ ...use(at), operation: { id: `Made#${at}`, coordinates } })
    await recorder.close()
    expect(Math.max(...sent.flat().map((text) => text.length))).toBeLessThan(262_144)
    expect(batches().map(({ sequence }) => sequence)).toEqual(batches().map((_, at) => at + 1))
    expect(batches().flatMap(({ uses }) => uses.map(({ tookMs }) => tookMs))).toEqual(
      Array.from({ length: 400 }, (_, at) => at),
    )
    expect(batches().at(-1)?.before).toBe(400 - (batches().at(-1)?.uses.length ?? 0))
  })

  it('says how many batches gave way', async () => {
    const { recorder, lines } = recording({ add: async () => ({ trimmed: 3 }) })
    recorder.record(use(1))
    await recorder.close()
    expect(errors(lines)).toMatchObject([{ count: 3, total: 3 }])
  })

  it('does not wait for ever at the end, and counts what it leaves behind', async () => {
    const { recorder, lines } = recording({ add: () => new Promise(() => {}) })
    recorder.record(use(1))
    await recorder.close()
    expect(errors(lines)).toMatchObject([{ count: 1 }])
  })
})
