import { describe, expect, it } from 'vitest'
import { createReplicaChoice } from './choice.ts'

type Name = 'a' | 'b' | 'c' | 'd'

/** A generator that repeats itself (Mulberry32). */
function seeded(seed = 7) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function choiceOf(...names: Name[]) {
  const time = { nowMs: 1_000 }
  const choice = createReplicaChoice<Name>({ nowMs: () => time.nowMs, random: seeded() })
  choice.replace(names)
  const chosen = (times = 200) => new Set(Array.from({ length: times }, () => choice.next()))
  const fails = (name: Name, times = 1) => {
    for (let time = 0; time < times; time += 1) choice.begun(name)('failed')
  }
  return { choice, time, chosen, fails }
}

describe('the choice of a replica', () => {
  it('gives nobody where there is nobody, and the only one where there is one, whatever it did', () => {
    expect(choiceOf().choice.next()).toBeUndefined()
    const { choice, fails } = choiceOf('a')
    fails('a', 100)
    choice.begun('a')('refused')
    expect(choice.next()).toBe('a')
  })

  it('never takes the busier of two, and spreads over those who are as busy', () => {
    const { choice, chosen } = choiceOf('a', 'b')
    expect(chosen()).toEqual(new Set(['a', 'b']))
    const done = choice.begun('a')
    expect(chosen()).toEqual(new Set(['b']))
    done('answered')
    expect(chosen()).toEqual(new Set(['a', 'b']))
  })

  it('leaves the load of many uneven by little (power of two choices)', () => {
    const { choice } = choiceOf('a', 'b', 'c', 'd')
    const load = new Map<Name, number>()
    for (let request = 0; request < 1_000; request += 1) {
      const name = choice.next() ?? 'a'
      choice.begun(name)
      load.set(name, (load.get(name) ?? 0) + 1)
    }
    const counts = [...load.values()]
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(10)
  })

  it('puts one out after three failures in a row, and an answer in between makes them none', () => {
    const { choice, chosen, fails } = choiceOf('a', 'b')
    fails('a', 2)
    choice.begun('a')('answered')
    fails('a', 2)
    expect(chosen()).toEqual(new Set(['a', 'b']))
    fails('a')
    expect(chosen()).toEqual(new Set(['b']))
  })

  it('puts one out at once that refuses the connection, and does not hold against it that a caller left', () => {
    const { choice, chosen } = choiceOf('a', 'b')
    for (let time = 0; time < 10; time += 1) choice.begun('a')('abandoned')
    expect(chosen()).toEqual(new Set(['a', 'b']))
    choice.begun('a')('refused')
    expect(chosen()).toEqual(new Set(['b']))
  })

  it('takes one back after 250 ms, then 500, up to two seconds; and after an answer 250 again', () => {
    const { choice, time, chosen } = choiceOf('a', 'b')
    const outFor = () => {
      choice.begun('a')('refused')
      const fromMs = time.nowMs
      while (!chosen().has('a')) time.nowMs += 250
      return time.nowMs - fromMs
    }
    expect(Array.from({ length: 6 }, outFor)).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000])
    choice.begun('a')('answered')
    expect(outFor()).toBe(250)
  })

  it('never puts more than half of them out', () => {
    const { choice, chosen } = choiceOf('a', 'b', 'c', 'd')
    for (const name of ['a', 'b', 'c', 'd'] as const) choice.begun(name)('refused')
    expect(chosen()).toEqual(new Set(['c', 'd']))
  })

  it('does not ask one that said it leaves, for two seconds, unless there is no other', () => {
    const { choice, time, chosen } = choiceOf('a', 'b')
    choice.begun('a')('leaving')
    expect(chosen()).toEqual(new Set(['b']))
    choice.begun('b')('leaving')
    expect(chosen()).toEqual(new Set(['a', 'b']))
    time.nowMs += 2_000
    expect(chosen()).toEqual(new Set(['a', 'b']))
  })

  it.each([
    ['refuses', 'refused', 250],
    ['leaves', 'leaving', 2_000],
  ] as const)('lets a question find out whether one that %s is back, and never a change', (_what, outcome, pauseMs) => {
    const { choice, time, chosen } = choiceOf('a', 'b')
    const changed = () => new Set(Array.from({ length: 200 }, () => choice.next(new Set(), 'change')))
    const before = choice.begun('a')
    if (outcome === 'refused') before('abandoned')
    choice.begun('a')(outcome)
    if (outcome === 'leaving') before('answered')
    time.nowMs += pauseMs
    expect([chosen(), changed()]).toEqual([new Set(['a', 'b']), new Set(['b'])])
    choice.begun('a')('answered')
    expect(changed()).toEqual(new Set(['a', 'b']))
  })

  it('lets a change find out where nobody has asked a question for ten seconds, or there is no other', () => {
    const { choice, time } = choiceOf('a', 'b')
    const changed = () => new Set(Array.from({ length: 200 }, () => choice.next(new Set(), 'change')))
    choice.begun('a')('refused')
    time.nowMs += 10_249
    expect(changed()).toEqual(new Set(['b']))
    expect(choice.next(new Set(['b']), 'change')).toBe('a')
    time.nowMs += 1
    expect(changed()).toEqual(new Set(['a', 'b']))
  })

  it('asks who was tried for a request only when nobody else is left', () => {
    const { choice } = choiceOf('a', 'b')
    for (let time = 0; time < 50; time += 1) expect(choice.next(new Set(['a']))).toBe('b')
    expect(choice.next(new Set(['a', 'b']))).toBeDefined()
  })

  it('keeps what it knows of those who stay when others come and go', () => {
    const { choice, chosen } = choiceOf('a', 'b')
    choice.begun('a')('refused')
    choice.replace(['a', 'c', 'd'])
    expect(chosen()).toEqual(new Set(['c', 'd']))
  })

  it('asks those of a later priority only when nobody of an earlier one is in order', () => {
    const { choice, chosen, time } = choiceOf()
    const later = new Set<Name>(['c', 'd'])
    choice.replace(['a', 'b', 'c', 'd'], (name) => ({ priority: later.has(name) ? 2 : 1, weight: 1 }))
    expect(chosen()).toEqual(new Set(['a', 'b']))
    choice.begun('a')('refused')
    expect(chosen()).toEqual(new Set(['b']))
    expect(choice.next(new Set(['b']))).toMatch(/[cd]/)
    choice.begun('b')('refused')
    expect(chosen()).toEqual(later)
    time.nowMs += 250
    expect(chosen()).toEqual(new Set(['a', 'b']))
  })

  it('shares out by weight, and gives who may have three times as much three times as much', () => {
    const { choice } = choiceOf()
    choice.replace(['a', 'b', 'c'], (name) => ({ priority: 0, weight: name === 'a' ? 3 : 1 }))
    const idle = { a: 0, b: 0, c: 0, d: 0 }
    for (let request = 0; request < 5_000; request += 1) idle[choice.next() ?? 'd'] += 1
    expect(idle.a / 5_000).toBeCloseTo(0.6, 1)
    const busy = { a: 0, b: 0, c: 0, d: 0 }
    for (let request = 0; request < 1_000; request += 1) {
      const name = choice.next() ?? 'd'
      choice.begun(name)
      busy[name] += 1
    }
    expect(busy.a / 1_000).toBeCloseTo(0.6, 1)
  })
})
