import { Problem } from '@latchkey/problem'
import { describe, expect, it } from 'vitest'
import { createTurns } from './turn.ts'

/** Doubles numbers, and remembers what it was asked together. */
function aDoubler(questionsMax = 100) {
  const asked: number[][] = []
  const turn = createTurns<number, number>(async (questions) => {
    asked.push(questions)
    if (questions.includes(0)) throw new Error('nothing to double')
    return questions.map((question) => question * 2)
  }, questionsMax)
  const double = async (number: number) => {
    const { questions, answers } = turn()
    const at = questions.push(number) - 1
    return (await answers)[at]
  }
  return { asked, double }
}

describe('a turn', () => {
  it('asks what everybody asks in it at once, and gives each their own answer', async () => {
    const { asked, double } = aDoubler()
    const first = double(1)
    const afterAPromise = Promise.resolve().then(() => double(2))
    expect(await Promise.all([first, afterAPromise, double(3)])).toEqual([2, 4, 6])
    expect(asked).toEqual([[1, 3, 2]])
  })

  it('is over once it was asked: the same question later is asked anew', async () => {
    const { asked, double } = aDoubler()
    await double(1)
    await double(1)
    expect(asked).toEqual([[1], [1]])
  })

  it('holds no more than it may; the others have a turn of their own', async () => {
    const { asked, double } = aDoubler(2)
    expect(await Promise.all([1, 2, 3].map(double))).toEqual([2, 4, 6])
    expect(asked).toEqual([[1, 2], [3]])
  })

  it('that fails, fails for everybody in it and for nobody else', async () => {
    const { double } = aDoubler()
    const outcomes = await Promise.allSettled([double(1), double(0)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await double(1)).toBe(2)
  })

  it('waits for the one on its way, and takes along all that is asked meanwhile', async () => {
    const asked: number[][] = []
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const turn = createTurns<number, number>(async (questions) => {
      asked.push(questions)
      if (asked.length === 1) await gate
      return questions
    }, 100)
    const ask = (number: number) => {
      const { questions, answers } = turn()
      questions.push(number)
      return answers
    }
    const first = ask(1)
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const second = ask(2)
    await new Promise((resolve) => setImmediate(resolve))
    const third = ask(3)
    expect(asked).toEqual([[1]])
    release()
    await Promise.all([first, second, third])
    expect(asked).toEqual([[1], [2, 3]])
  })

  it('behind a store that does not answer fails with it, and the one after is asked again', async () => {
    let answers = 0
    const turn = createTurns<number, number>(async (questions) => {
      if (answers++ === 0) throw new Problem('UNAVAILABLE')
      return questions
    }, 1)
    const ask = () => {
      const { questions, answers: mine } = turn()
      questions.push(1)
      return mine
    }
    const outcomes = await Promise.allSettled([ask(), ask()])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await ask()).toEqual([1])
  })
})
