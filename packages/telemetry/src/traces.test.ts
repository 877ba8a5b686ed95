import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from './telemetry.ts'
import { keptTraces, traceparentFromThere as there, keptTraceId as traceId } from './testing.ts'
import { note, traceBy, traced, tracedFromHere, tracedFromThere, traceparentNow, type Work } from './traces.ts'

const work = (name: string): Work => ({ name, kind: 'internal' })

let kept: ReturnType<typeof keptTraces>['kept']
beforeEach(() => {
  const traces = keptTraces()
  kept = traces.kept
  traceBy(traces.tracer)
})
afterEach(() => traceBy(null))

const parents = () => Object.fromEntries(kept.map(({ name, parent }) => [name, parent]))

describe('a trace', () => {
  it('has parts below the part in which they ran, also after a wait and side by side', async () => {
    await tracedFromHere(undefined, work('request'), async () => {
      await Promise.all(
        ['one', 'other'].map((name) =>
          traced(work(name), async () => {
            await pause(1)
            await traced(work(`of ${name}`), async () => pause(1))
          }),
        ),
      )
    })
    expect(parents()).toEqual({ request: null, one: 'request', other: 'request', 'of one': 'one', 'of other': 'other' })
    expect(kept.every(({ state }) => state === 'ended')).toBe(true)
  })

  it('gives what was run, and throws what it threw, of which only the code is told', async () => {
    const refused = Object.assign(new Error('ada@example.com is locked'), { code: 'FORBIDDEN' })
    const request = tracedFromHere(undefined, work('request'), async () => {
      expect(traced(work('sum'), () => 2)).toBe(2)
      return traced(work('refusal'), async () => Promise.reject(refused))
    })
    await expect(request).rejects.toBe(refused)
    expect(kept.map(({ name, failed }) => [name, failed])).toEqual([
      ['request', 'FORBIDDEN'],
      ['sum', null],
      ['refusal', 'FORBIDDEN'],
    ])
  })

  it('goes on in another process by what that was told', () => {
    const told = tracedFromHere(undefined, work('request'), () => traceparentNow())
    expect(told).toBe(`00-${traceId}-${'0'.repeat(16)}-01`)
    tracedFromThere(there, work('answer'), () => {})
    expect(parents()).toMatchObject({ answer: 'there' })
  })

  it('is not begun by what no request asked for, nor by a text that names none', () => {
    for (const text of [undefined, 'nonsense'])
      tracedFromThere(text, work('answer'), () => traced(work('part'), () => {}))
    expect(kept).toEqual([])
  })

  it('is over with its request: what goes on behind it is no part of it', async () => {
    let behind: Promise<void> = Promise.resolve()
    await tracedFromHere(undefined, work('request'), async () => {
      behind = pause(5).then(() => traced(work('errand'), () => {}))
    })
    await behind
    expect(Object.keys(parents())).toEqual(['request'])
  })

  it('that is not sampled has no parts, and says so to the next process', () => {
    const { tracer, kept: none } = keptTraces({ isSampled: false })
    traceBy(tracer)
    tracedFromHere(undefined, work('request'), () => {
      expect(traceparentNow()).toMatch(/-00$/)
      traced(work('part'), () => note({ a: 1 }))
    })
    expect(none.map(({ name }) => name)).toEqual(['request'])
  })

  it('is named in every line that is written in it, and in no other', () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'info', service: 'test', destination: { write: (line) => lines.push(line) } })
    tracedFromHere(undefined, work('request'), () => logger.info('within'))
    logger.info('without')
    expect(lines.map((line) => JSON.parse(line).traceId)).toEqual([traceId, undefined])
  })
})

it('without traces what is run is run, and nothing else', () => {
  traceBy(null)
  const run = () => traceparentNow() ?? 'run'
  expect([
    traced(work('a'), run),
    tracedFromHere(there, work('b'), run),
    tracedFromThere(there, work('c'), run),
  ]).toEqual(['run', 'run', 'run'])
  expect(kept).toEqual([])
})
