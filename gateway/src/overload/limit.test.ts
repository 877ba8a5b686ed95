import { describe, expect, it } from 'vitest'
import { createLimit } from './limit.ts'
import type { Rank } from './rank.ts'

type Limit = ReturnType<typeof createLimit>

const operation = {}
const begin = (limit: Limit, rank: Rank, address = '192.0.2.1') =>
  limit.begin({ rank, addressOf: () => address, operation })

/** Where nobody waits. */
const atOnce = () => createLimit(() => 0)

const look = (limit: Limit, busy = 1, sinceMs = 50) => limit.look({ sinceMs, busy })

/** As many as are let in, and what ends them. */
function fill(limit: Limit, rank: Rank, address?: string): (() => void)[] {
  const ends: (() => void)[] = []
  for (let end = begin(limit, rank, address); end; end = begin(limit, rank, address)) ends.push(end)
  return ends
}

/** As many as it takes are answered between two looks, and others wait. */
function lookWhileAnswering(limit: Limit, count: number, busy = 1): void {
  for (let times = 0; times < count; times += 1) begin(limit, 'usual')?.()
  look(limit, busy)
}

/** A limit that had no rest until it was no more than as many as are answered in one look. */
function crowded(perLook: number): Limit {
  const limit = atOnce()
  for (let looks = 0; looks < 400; looks += 1) lookWhileAnswering(limit, perLook)
  return limit
}

describe('how many are worked on at once', () => {
  it('is not made less by a burst: a tenth of a second without a rest is a crowd, and less is none', () => {
    const limit = atOnce()
    for (let looks = 0; looks < 40; looks += 1) lookWhileAnswering(limit, 10, looks % 2)
    expect(limit.current()).toBe(2_000)
  })

  it('sinks while the process has no rest to as many as are answered in a twentieth of a second', () => {
    expect(crowded(200).current()).toBe(200)
    expect(crowded(80).current()).toBe(80)
  })

  it('is no more after a pause in which all were answered in a heap', () => {
    const limit = crowded(100)
    for (let times = 0; times < 1_000; times += 1) begin(limit, 'usual')?.()
    look(limit, 1, 500)
    expect(limit.current()).toBe(100)
  })

  it('sinks by half a look, and no deeper than sixty-four', () => {
    const limit = atOnce()
    const ends = fill(limit, 'usual')
    expect(ends).toHaveLength(2_000)
    for (let looks = 0; looks < 3; looks += 1) look(limit)
    expect(limit.current()).toBe(500)
    for (let looks = 0; looks < 10; looks += 1) look(limit)
    expect(limit.current()).toBe(64)
  })

  it('grows while the process rests, so that what waits for others than itself takes nothing from it; in three seconds it is as before', () => {
    const limit = crowded(8)
    expect(limit.current()).toBe(64)
    look(limit, 0.5)
    expect(limit.current()).toBe(71)
    for (let looks = 0; looks < 50; looks += 1) look(limit, 0.5)
    expect(limit.current()).toBe(2_000)
  })

  it.each(['unknown', 'opening'] as const)(
    'is for each rank its own: a flood of one takes no place of another, and what is %s leaves a quarter to what is usual',
    (low) => {
      const limit = crowded(100)
      const counts = ([low, 'usual', 'own', 'entering', 'ending'] as const).map((rank) => fill(limit, rank).length)
      expect(counts).toEqual([75, 25, 100, 100, 100])
      expect(begin(limit, 'ending')).toBeNull()
    },
  )

  it('lets the next in when one is answered', () => {
    const limit = crowded(100)
    const [end] = fill(limit, 'usual')
    expect(begin(limit, 'usual')).toBeNull()
    end?.()
    expect(begin(limit, 'usual')).not.toBeNull()
  })
})

describe('how long they wait', () => {
  /** Each look answers ten; all of them took so long. */
  function takingMs(limitAt: (nowMs: () => number) => Limit) {
    let now = 0
    const limit = limitAt(() => now)
    // Somebody is always there.
    begin(limit, 'usual')
    return {
      limit,
      answer(tookMs: number, rank: Rank = 'usual') {
        const ends = Array.from({ length: 10 }, () => begin(limit, rank))
        now += tookMs
        for (const end of ends) end?.()
        look(limit, 0.2)
      },
    }
  }

  it('makes the limit less while the loop has rest, when everybody waits for what is asked behind it, and no less than two hundred', () => {
    const { limit, answer } = takingMs(createLimit)
    answer(5)
    answer(300)
    expect(limit.current()).toBe(2_000)
    for (let looks = 0; looks < 40; looks += 1) answer(300)
    expect(limit.current()).toBe(200)
  })

  it('is nothing to an operation that is slow by nature, nor to whoever waits for a hash', () => {
    const { limit, answer } = takingMs(createLimit)
    for (let looks = 0; looks < 20; looks += 1) answer(900)
    expect(limit.current()).toBe(2_000)
    answer(5, 'entering')
    for (let looks = 0; looks < 20; looks += 1) answer(2_000, 'entering')
    expect(limit.current()).toBe(2_000)
  })

  it('is forgotten: what has become slow for good is let in as before after some minutes', () => {
    const { limit, answer } = takingMs(createLimit)
    answer(100)
    for (let looks = 0; looks < 10; looks += 1) answer(600)
    expect(limit.current()).toBeLessThan(500)
    for (let looks = 0; looks < 2_000; looks += 1) answer(600)
    expect(limit.current()).toBe(2_000)
  })
})

describe('who is let in while there is a crowd', () => {
  it('is no network alone: whoever asks next to a flood has a part as large as its own', () => {
    const limit = crowded(100)
    const flood = fill(limit, 'usual', '192.0.2.1')
    expect(flood).toHaveLength(100)
    expect(begin(limit, 'usual', '198.51.100.7')).toBeNull()
    for (const end of flood) end()
    expect(fill(limit, 'usual', '192.0.2.1')).toHaveLength(50)
    expect(fill(limit, 'usual', '198.51.100.7')).toHaveLength(50)
  })

  it('is nobody who is not asking any more', () => {
    const limit = crowded(100)
    begin(limit, 'usual', '198.51.100.7')?.()
    for (let looks = 0; looks < 120; looks += 1) lookWhileAnswering(limit, 100)
    expect(fill(limit, 'usual', '192.0.2.1')).toHaveLength(100)
  })
})
