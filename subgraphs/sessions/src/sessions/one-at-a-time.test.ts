import { setImmediate as nextTurn } from 'node:timers/promises'
import { Problem } from '@latchkey/problem'
import { expect, it } from 'vitest'
import { oneAtATime } from './one-at-a-time.ts'

function doing() {
  const log: string[] = []
  const work = oneAtATime<string>(async (key, terms) => {
    log.push(`${key} ${terms} begins`)
    await nextTurn()
    log.push(`${key} ${terms} ends`)
    if (terms === 'bad') throw new Error('no')
    if (terms === 'away') throw new Problem('UNAVAILABLE')
  })
  return { work, log }
}

it('is done twice for any number at once: for the first, and for all who came meanwhile', async () => {
  const { work, log } = doing()
  await Promise.all(Array.from({ length: 50 }, (_, turn) => work('a', `${turn}`)))
  expect(log).toEqual(['a 0 begins', 'a 0 ends', 'a 1 begins', 'a 1 ends'])
})

it('begins after whoever asked, and at once where nothing is under way or for something else', async () => {
  const { work, log } = doing()
  await Promise.all([work('a', '1'), work('b', '1')])
  await work('a', '2')
  expect(log).toEqual(['a 1 begins', 'b 1 begins', 'a 1 ends', 'b 1 ends', 'a 2 begins', 'a 2 ends'])
})

it('fails for those it was done for, and for nobody else', async () => {
  const { work } = doing()
  const [first, second] = await Promise.allSettled([work('a', 'bad'), work('a', 'good')])
  expect([first.status, second.status]).toEqual(['rejected', 'fulfilled'])
  await work('a', 'good')
})

it('is not begun for those who waited for it while it was unavailable, and is for whoever asks then', async () => {
  const { work, log } = doing()
  const outcomes = await Promise.allSettled(['away', 'waits', 'waits, too'].map((terms) => work('a', terms)))
  expect(outcomes).toMatchObject(Array(3).fill({ reason: { code: 'UNAVAILABLE' } }))
  await work('a', 'then')
  expect(log).toEqual(['a away begins', 'a away ends', 'a then begins', 'a then ends'])
})
