import { systemEntropy } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { qrDataUrl } from './qr-code.ts'
import { base32, matchingStep, newTotpSecret, otpauthUri, parseTotpCode, stepAt, totpCode } from './totp.ts'

// RFC 6238 appendix B, SHA-1; of its eight digits the last six.
const rfcSecret = Buffer.from('12345678901234567890')
const at = (seconds: number) => new Date(seconds * 1_000)

describe('a time-based code', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('of the RFC’s secret at %d s is %s', (seconds, code) => {
    expect(totpCode(rfcSecret, stepAt(at(seconds)))).toBe(code)
  })

  it('counts in its own step and in the ones before and after it, and in no other', () => {
    const step = 1_000
    const code = totpCode(rfcSecret, step)
    const when = (steps: number) => matchingStep(rfcSecret, code, at((step + steps) * 30))
    expect([-2, -1, 0, 1, 2].map(when)).toEqual([null, step, step, step, null])
    expect(matchingStep(rfcSecret, code, at((step + 2) * 30 - 0.001))).toBe(step)
  })

  it('may be typed with blanks, and is nothing else than six digits', () => {
    expect(parseTotpCode(' 123 456 ')).toBe('123456')
    expect(['12345', '1234567', '12345a', '１２３４５６', '', `123456${' '.repeat(11)}`].map(parseTotpCode)).toEqual(
      Array(6).fill(null),
    )
  })
})

describe('a secret', () => {
  it('has 160 bits, no two alike', () => {
    const [one, other] = [newTotpSecret(systemEntropy), newTotpSecret(systemEntropy)]
    expect(one).toHaveLength(20)
    expect(one).not.toEqual(other)
  })

  it.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('%j is written %j in base32 (RFC 4648 section 10)', (text, written) => {
    expect(base32(Buffer.from(text))).toBe(written)
  })

  it('is told to an app in a URI that survives every name', () => {
    const uri = new URL(otpauthUri(rfcSecret, { issuer: 'id.example.org', account: 'ada+x&y@example.com' }))
    expect(decodeURIComponent(uri.pathname)).toBe('/id.example.org:ada+x&y@example.com')
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      secret: base32(rfcSecret),
      issuer: 'id.example.org',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    })
  })

  it('is shown as a QR code', () => {
    const [kind, data = ''] = qrDataUrl('otpauth://totp/x').split(',')
    expect(kind).toBe('data:image/svg+xml;base64')
    expect(Buffer.from(data, 'base64').toString()).toMatch(/^<svg .*<\/svg>$/s)
  })
})
