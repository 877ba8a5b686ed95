import { expect, it } from 'vitest'
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts'

const places = ['users', 'sessions', 'api-keys'].map((chain, index) => ({
  chain,
  seq: 2 ** 40 + index,
  hash: Buffer.alloc(32, index),
}))

it('a checkpoint reads as it was written', () => {
  expect(readCheckpoint(writeCheckpoint(places))).toEqual(places)
})

it.each([
  ['nothing', ''],
  ['a word', 'zz'],
  ['a part of one', '00'.repeat(38)],
  ['half a byte more', `${'00'.repeat(39)}0`],
  ['one of an unknown chain', 'ff'.repeat(39)],
  ['more chains than there are', '00'.repeat(39 * 4)],
])('%s is no checkpoint', (_, text) => {
  expect(readCheckpoint(text)).toBeNull()
})
