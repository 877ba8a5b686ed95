import { expect, it } from 'vitest'
import { readEntry, writeEntry } from './erasure.ts'

it('is written a line an account, and read again', () => {
  const entry = { accountId: 'usr_1', erasedAt: new Date('2030-01-01T00:00:00Z') }
  expect(writeEntry(entry)).toBe('{"accountId":"usr_1","erasedAt":"2030-01-01T00:00:00.000Z"}\n')
  expect(readEntry(writeEntry(entry))).toEqual(entry)
})

it.each([
  '',
  'usr_1',
  'null',
  '[]',
  '{"accountId":"usr_1"}',
  '{"accountId":"usr_1","erasedAt":"soon"}',
  '{"accountId":"a b","erasedAt":"2030-01-01T00:00:00Z"}',
  '{"accountId":1,"erasedAt":"2030-01-01T00:00:00Z"}',
  `{"accountId":"${'x'.repeat(65)}","erasedAt":"2030-01-01T00:00:00Z"}`,
])('takes %j for no entry', (line) => expect(readEntry(line)).toBeNull())
