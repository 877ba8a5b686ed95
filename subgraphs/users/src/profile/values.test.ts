import { describe, expect, it } from 'vitest'
import { faultOfMetadata, metadataText, readMetadata } from './metadata.ts'
import { parseBirthdate, parseLocale, parsePicture, parseTimeZone, profileText, readProfile } from './profile.ts'
import { createMetadataSchemas } from './schema.ts'

const today = new Date('2030-06-15T12:00:00Z')

describe('a locale', () => {
  it.each([
    ['en', 'en'],
    ['DE-at', 'de-AT'],
    ['zh-hant-tw', 'zh-Hant-TW'],
  ])('%j is %s', (text, expected) => expect(parseLocale(text)).toBe(expected))
  it.each(['', 'e', 'english please', 'de_AT', `en-${'x'.repeat(40)}`, 'en\r\n'])('%j is none', (text) =>
    expect(parseLocale(text)).toBeNull(),
  )
})

describe('a time zone', () => {
  it.each([
    ['Europe/Vienna', 'Europe/Vienna'],
    ['europe/vienna', 'Europe/Vienna'],
    ['UTC', 'UTC'],
  ])('%j is %s', (text, expected) => expect(parseTimeZone(text)).toBe(expected))
  it.each(['', '+02:00', 'Europe/Nowhere', 'x'.repeat(65), '../etc'])('%j is none', (text) =>
    expect(parseTimeZone(text)).toBeNull(),
  )
})

describe('a picture', () => {
  it('is an https address', () => {
    expect(parsePicture('HTTPS://Example.com/ada.png?size=2')).toBe('https://example.com/ada.png?size=2')
  })
  it.each([
    'http://example.com/ada.png',
    'javascript:alert(1)',
    'data:image/png;base64,AAAA',
    'https://ada:secret@example.com/',
    '//example.com/ada.png',
    'ada.png',
    '',
    `https://example.com/${'a'.repeat(2_048)}`,
    `https://example.com/${'ü'.repeat(1_000)}`,
  ])('%j is none', (text) => expect(parsePicture(text)).toBeNull())
})

describe('a birthdate', () => {
  it.each(['2000-02-29', '1850-01-01', '2030-06-15'])('%s is one', (text) =>
    expect(parseBirthdate(text, today)).toBe(text),
  )
  it.each(['2001-02-29', '2030-06-16', '1849-12-31', '2000-1-1', '2000-12-31T00:00', '', '0000-00-00', '9999-99-99'])(
    '%j is none',
    (text) => expect(parseBirthdate(text, today)).toBeNull(),
  )
})

describe('a profile', () => {
  it('is read as it was written', () => {
    expect(readProfile(profileText({ givenName: 'Ada', locale: 'en' }))).toEqual({ givenName: 'Ada', locale: 'en' })
    expect(readProfile(null)).toEqual({})
  })
})

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = { a: value }
  return value
}

describe('metadata', () => {
  it.each([{}, { a: 1, b: [true, null, 'x'] }, nested(8), { a: 'x'.repeat(4_088) }])('may be %j', (value) => {
    expect(faultOfMetadata(value)).toBeNull()
    expect(readMetadata(metadataText(value))).toEqual(value)
  })
  it.each([
    [1, 'object'],
    ['{}', 'object'],
    [[], 'object'],
    [true, 'object'],
    [nested(9), '8 levels'],
    [{ a: [[[[[[[[1]]]]]]]] }, '8 levels'],
    [{ a: 'x'.repeat(4_089) }, '4096 bytes'],
    [{ a: '\u00fc'.repeat(2_045) }, '4096 bytes'],
    [{ a: Number.POSITIVE_INFINITY }, 'levels'],
  ])('is not %j', (value, fault) => expect(faultOfMetadata(value)).toContain(fault))

  it('is judged without being walked when it is too deep', () => {
    expect(faultOfMetadata(nested(50_000))).toContain('8 levels')
  })

  it('keeps a member that is named like a prototype to itself', () => {
    const hostile = JSON.parse('{"__proto__": {"admin": true}}')
    expect(faultOfMetadata(hostile)).toBeNull()
    expect(readMetadata(metadataText(hostile)).admin).toBeUndefined()
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })
})

describe('the schemas of an installation', () => {
  const schemas = createMetadataSchemas(
    JSON.stringify({
      public: {
        properties: { team: { type: 'string', maxLength: 10 }, level: { type: 'integer' } },
        required: ['team'],
      },
      admin: { additionalProperties: true },
    }),
  )

  it('refuse what has another type, what is missing, and what they do not name', () => {
    expect(schemas('public', { team: 'blue', level: 2 })).toBeNull()
    expect(schemas('public', { team: 1 })).toBe('/team must be string')
    expect(schemas('public', {})).toContain("must have required property 'team'")
    expect(schemas('public', { team: 'blue', extra: 1 })).toContain('must NOT have additional properties "extra"')
  })

  it('say nothing of a bucket that has none, nor of what they leave open', () => {
    expect(schemas('private', { anything: 1 })).toBeNull()
    expect(schemas('admin', { anything: 1 })).toBeNull()
    expect(createMetadataSchemas(null)('public', { anything: 1 })).toBeNull()
  })

  it.each([
    ['{', 'is not JSON'],
    ['null', 'must be an object of buckets'],
    ['{"secret": {}}', 'names a bucket "secret"'],
    ['{"public": 1}', 'of the bucket "public" must be an object'],
    ['{"public": {"properties": {"a": {"type": "word"}}}}', 'of the bucket "public" is none'],
    ['{"public": {"propertys": {}}}', 'of the bucket "public" is none'],
  ])('are refused at the start when they are %s', (text, fault) =>
    expect(() => createMetadataSchemas(text)).toThrow(fault),
  )
})
