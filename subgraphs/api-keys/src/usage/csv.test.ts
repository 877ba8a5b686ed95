import { describe, expect, it } from 'vitest'
import { writeCsv } from './csv.ts'

describe('CSV', () => {
  it('has a line for each row, ended by CRLF, and quotes what needs it', () => {
    expect(
      writeCsv([
        ['a', 'b'],
        ['one, "two"', 'three\nfour'],
      ]),
    ).toBe('a,b\r\n"one, ""two""","three\nfour"\r\n')
    expect(writeCsv([])).toBe('')
  })

  it('writes numbers plainly, and nothing for null', () => {
    expect(writeCsv([[1, -2.5, null]])).toBe('1,-2.5,\r\n')
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1'])(
    'lets no spreadsheet evaluate %j',
    (text) => {
      expect(writeCsv([[text]]).replace(/^"/, '')).toMatch(/^'/)
    },
  )
})
