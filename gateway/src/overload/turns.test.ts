import { describe, expect, it } from 'vitest'
import { createTurns, type Turns } from './turns.ts'

interface Crowd {
  readonly refused: number
  readonly tookMs: number
  readonly resting: number
}

/** Looks each 50 ms, until what is learned does not change any more. */
function learned({ refused, tookMs, resting }: Crowd): { readonly turns: Turns; readonly last: number } {
  const turns = createTurns()
  let last = 0
  for (let looks = 0; looks < 100; looks += 1) {
    for (let times = 0; times < refused; times += 1) turns.refused(tookMs)
    last = turns.look(50, resting)
  }
  return { turns, last }
}

const turnsAfter = (crowd: Partial<Crowd>) => learned({ refused: 100, tookMs: 0.04, resting: 10, ...crowd }).last

describe('turns', () => {
  it('are as many as a twentieth of the time is enough to refuse, of which writing is two fifths', () => {
    expect(turnsAfter({ tookMs: 0.02 })).toBe(50)
    expect(turnsAfter({ tookMs: 0.04 })).toBe(25)
  })

  it('are as many whether one was refused or many', () => {
    expect(turnsAfter({ refused: 1 })).toBe(turnsAfter({ refused: 1_000 }))
  })

  it('are more where many rest, so that none rests for as long as a second', () => {
    expect(turnsAfter({ resting: 900 })).toBe(50)
  })

  it('are never more than three tenths of the time are enough for', () => {
    expect(turnsAfter({ resting: 100_000 })).toBe(150)
  })

  it('do not come to an end where a clock went on alone, nor are without end where it stood', () => {
    expect(turnsAfter({ tookMs: 5_000 })).toBe(5)
    expect(turnsAfter({ tookMs: 0 })).toBe(125)
  })

  it('are half of all that rest as soon as nobody is refused: there is room', () => {
    expect(turnsAfter({ refused: 0, resting: 1_000 })).toBe(500)
  })

  it('are more where a look was late', () => {
    const { turns } = learned({ refused: 100, tookMs: 0.04, resting: 10 })
    turns.refused(0.04)
    expect(turns.look(500, 10)).toBe(250)
  })
})

it('a rest takes as long as the turns of all who rest', () => {
  const { turns } = learned({ refused: 100, tookMs: 0.04, resting: 10 })
  expect(turns.restMsOf(500)).toBeCloseTo(900)
  expect(turns.restMsOf(12_000)).toBeCloseTo(4_000)
})
