import { describe, expect, it } from 'vitest'
import { parseEmailAddress } from './email-address.ts'

const normalised = (text: string) => parseEmailAddress(text)?.normalised ?? null

describe('an email address', () => {
  it('is kept as it was written, without the space around it', () => {
    expect(parseEmailAddress('  Ada.Lovelace+Keys@Example.COM \n')).toEqual({
      written: 'Ada.Lovelace+Keys@Example.COM',
      normalised: 'ada.lovelace+keys@example.com',
    })
  })

  it.each([
    ['ADA@EXAMPLE.COM', 'ada@example.com'],
    ['jose\u0301@example.com', 'jos\u00e9@example.com'],
    ['ada@B\u00fccher.example', 'ada@xn--bcher-kva.example'],
    ['ada@XN--BCHER-KVA.example', 'ada@xn--bcher-kva.example'],
    ['ada@\uff25xample.com', 'ada@example.com'],
    ["o'brien@example.com", "o'brien@example.com"],
    ['INFO@example.com', 'info@example.com'],
    ['ADA@EXAMPLE.COM', 'ada@example.com'],
    ['\uff21da@example.com', '\uff41da@example.com'],
    ['\u0391\u0394\u0391@example.com', '\u03b1\u03b4\u03b1@example.com'],
    ['ada@\u0130STANBUL.example', 'ada@xn--istanbul-o0e.example'],
    ['ada@fa\u00df.example', 'ada@xn--fa-hia.example'],
    ['Ada+Shop@Example.com', 'ada+shop@example.com'],
  ])('%j is the same address as %j', (spelling, expected) => {
    expect(normalised(spelling)).toBe(expected)
  })

  it.each([
    ['a.da@example.com', 'ada@example.com'],
    ['ada+x@example.com', 'ada@example.com'],
    ['\u0430da@example.com', 'ada@example.com'],
    ['\u0131nfo@example.com', 'info@example.com'],
    ['\u0130nfo@example.com', 'info@example.com'],
    ['\u0130nfo@example.com', '\u0131nfo@example.com'],
    ['ada@\u0131stanbul.example', 'ada@istanbul.example'],
    ['ada+shop@example.com', 'ada+news@example.com'],
    ['\u00e9ve@example.com', 'eve@example.com'],
  ])('%j is another address than %j', (one, other) => {
    expect(normalised(one)).not.toBe(normalised(other))
  })

  it.each([
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@localhost',
    'ada@example.com.',
    'ada@-example.com',
    'ada@127.0.0.1',
    'ada@0x7f.1',
    'ada@[127.0.0.1]',
    'ada@exa mple.com',
    'ada@example.com/path',
    'ada@exam%70le.com',
    'ada@xn--\u00fc.com',
    '.ada@example.com',
    'ada.@example.com',
    'a..da@example.com',
    'a da@example.com',
    'ada@eve@example.com',
    '"ada"@example.com',
    'ada,eve@example.com',
    'Ada <ada@example.com>',
    'ada@example.com\r\nbcc: eve@example.com',
    'ada\u0000@example.com',
    'ada\u202e@example.com',
    `${'a'.repeat(65)}@example.com`,
    `${'\u00e9'.repeat(33)}@example.com`,
    `ada@${'a'.repeat(64)}.com`,
    `ada@example.com${' '.repeat(1_000)}`,
    `${'a'.repeat(60)}@${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.com`,
  ])('%j is none', (text) => {
    expect(parseEmailAddress(text)).toBeNull()
  })
})
