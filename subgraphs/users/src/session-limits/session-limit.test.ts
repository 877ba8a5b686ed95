import { expect, it } from 'vitest'
import { type SessionLimit, strictest } from './session-limit.ts'

const end = (max: number): SessionLimit => ({ max, onExcess: 'END_OLDEST' })
const refuse = (max: number): SessionLimit => ({ max, onExcess: 'REFUSE' })

it.each([
  ['no role says anything', [], null],
  ['one does', [end(3)], end(3)],
  ['one allows less, first or last', [end(3), refuse(5)], end(3)],
  ['one allows less, first or last', [refuse(5), end(3)], end(3)],
  ['two allow as much and one refuses', [end(3), refuse(3), end(4)], refuse(3)],
  ['two allow as much and one refuses', [refuse(3), end(3)], refuse(3)],
])('the strictest counts where %s', (_, limits, expected) => {
  expect(strictest(limits)).toEqual(expected)
})
