import { randomBase62, systemEntropy } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { type ApiKeyText, apiKeyPrefix, formatApiKeyText, parseApiKeyText } from './api-key-text.ts'

const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at))
const key: ApiKeyText = { environment: 'live', keyId: 'A1b2C3d4E5f6', secret: 'Zz09'.repeat(10).concat('abc') }
const randomKey = (): ApiKeyText => ({
  environment: Math.random() < 0.5 ? 'live' : 'test',
  keyId: randomBase62(systemEntropy, 12),
  secret: randomBase62(systemEntropy, 43),
})
const replaceAt = (text: string, at: number, with_: string) => text.slice(0, at) + with_ + text.slice(at + 1)

describe('the text of an API key', () => {
  it('is the documented shape, and begins with what may be shown', () => {
    const text = formatApiKeyText(key)
    expect(text).toMatch(/^lk_live_A1b2C3d4E5f6_[0-9A-Za-z]{49}$/)
    expect(text.startsWith(`${apiKeyPrefix(key)}_`)).toBe(true)
  })

  it('never changes for the same key, because people keep keys for a year', () => {
    expect(formatApiKeyText(key)).toBe('lk_live_A1b2C3d4E5f6_Zz09Zz09Zz09Zz09Zz09Zz09Zz09Zz09Zz09Zz09abc0j4fpR')
  })

  it('reads back as what was written, for any key', () => {
    for (let round = 0; round < 200; round += 1) {
      const any = randomKey()
      expect(parseApiKeyText(formatApiKeyText(any))).toEqual(any)
    }
  })

  it('is refused when any one character is any other', () => {
    const text = formatApiKeyText(randomKey())
    const accepted = [...text].flatMap((letter, at) =>
      printable.filter((other) => other !== letter && parseApiKeyText(replaceAt(text, at, other)) !== null),
    )
    expect(accepted).toEqual([])
  })

  it('is refused when any two neighbours swap, when one is missing and when one is said twice', () => {
    const text = formatApiKeyText(randomKey())
    for (let at = 0; at < text.length; at += 1) {
      const [here, next] = [text.charAt(at), text.charAt(at + 1)]
      if (next !== '' && here !== next)
        expect(parseApiKeyText(replaceAt(replaceAt(text, at, next), at + 1, here))).toBeNull()
      expect(parseApiKeyText(replaceAt(text, at, ''))).toBeNull()
      expect(parseApiKeyText(replaceAt(text, at, here + here))).toBeNull()
    }
  })

  it('is refused when its environment is rewritten', () => {
    expect(parseApiKeyText(formatApiKeyText(key).replace('live', 'test'))).toBeNull()
  })

  it.each(['', 'lk_', 'sk_live_x', `${formatApiKeyText(key)}\n`, ` ${formatApiKeyText(key)}`, 'x'.repeat(100_000)])(
    'is refused when it is something else (%#)',
    (text) => expect(parseApiKeyText(text)).toBeNull(),
  )
})
