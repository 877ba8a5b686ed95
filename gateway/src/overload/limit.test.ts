import { describe, expect, it } from 'vitest'
import { createLimit } from './limit.ts'
import type { Rank } from './rank.ts'

/** As many as are let in, and what ends them. */
function fill(limit: ReturnType<typeof createLimit>, rank: Rank): (() => void)[] {
  const ends: (() => void)[] = []
  for (let end = limit.begin(rank); end; end = limit.begin(rank)) ends.push(end)
  return ends
}

/** A limit that was late for long enough, with so many at work. */
function crowded(atWork: number) {
  const limit = createLimit()
  const ends = Array.from({ length: atWork }, () => limit.begin('usual'))
  for (let looks = 0; looks < 5; looks += 1) limit.look(51)
  for (const end of ends) end?.()
  return limit
}

describe('how many are worked on at once', () => {
  it('is not made less by a burst: half a second late is a crowd, and less is none', () => {
    const limit = createLimit()
    for (let looks = 0; looks < 40; looks += 1) limit.look(looks % 5 === 4 ? 0 : 400)
    expect(limit.current()).toBe(2_000)
  })

  it('is less than what made the process late, and less again while it stays late, down to sixteen', () => {
    const limit = crowded(500)
    expect(limit.current()).toBe(400)
    for (let looks = 0; looks < 50; looks += 1) limit.look(60)
    expect(limit.current()).toBe(16)
  })

  it('grows back by a tenth a look while it is used, to what it was', () => {
    const limit = crowded(500)
    const ends = fill(limit, 'kept')
    limit.look(0)
    expect(limit.current()).toBe(440)
    for (const end of ends) end()
    for (let looks = 0; looks < 2_000; looks += 1) limit.look(0)
    expect(limit.current()).toBe(2_000)
  })

  it('leaves room for each rank above what the ranks below may fill', () => {
    const limit = crowded(125)
    const counts = (['unknown', 'usual', 'own', 'kept'] as const).map((rank) => fill(limit, rank).length)
    expect(counts).toEqual([60, 15, 15, 10])
    expect(limit.begin('kept')).toBeNull()
  })

  it('lets the next in when one is answered', () => {
    const limit = crowded(125)
    const [end] = fill(limit, 'usual')
    expect(limit.begin('usual')).toBeNull()
    end?.()
    expect(limit.begin('usual')).not.toBeNull()
  })
})
