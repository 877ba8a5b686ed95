import { clockAt, seededEntropy } from '@latchkey/clock/testing'
import { parseApiKeyText } from '@latchkey/principal/api-key-text'
import { Problem } from '@latchkey/problem'
import { readPublicGraph } from '@latchkey/public-graph'
import { describe, expect, it, vi } from 'vitest'
import { isKeyId, isOwnerId, mintKey, type NewKeyInput, parseNewKey, parseReason, statusOf } from './key.ts'

const now = new Date('2030-01-01T00:00:00.000Z')
const limits = {
  permitted: ['keys:read', 'profile:read'],
  known: ['keys:read', 'profile:read', 'users:read'],
  ...{ now, graph: readPublicGraph('type Query { a: Int }') },
}
const input = (overrides: Partial<NewKeyInput> = {}): NewKeyInput => ({
  name: 'ci',
  scopes: ['keys:read'],
  ...overrides,
})
const daysFromNow = (days: number, ms = 0) => new Date(now.getTime() + days * 86_400_000 + ms).toISOString()

/** What a parse was refused with. */
function refusal(parse: () => unknown): { code: string; fields?: object; message: string } {
  try {
    parse()
  } catch (thrown) {
    if (thrown instanceof Problem) return { code: thrown.code, message: thrown.message, ...thrown.facts }
    throw thrown
  }
  throw new Error('nothing was refused')
}

describe('a new key', () => {
  it('lasts 90 days unless said', () => {
    expect(parseNewKey(input(), limits).expiresAt.toISOString()).toBe(daysFromNow(90))
    expect(parseNewKey(input({ expiresAt: null }), limits).expiresAt.toISOString()).toBe(daysFromNow(90))
  })

  it('may last 365 days and not a millisecond more', () => {
    expect(parseNewKey(input({ expiresAt: daysFromNow(365) }), limits).expiresAt.toISOString()).toBe(daysFromNow(365))
    expect(refusal(() => parseNewKey(input({ expiresAt: daysFromNow(365, 1) }), limits)).fields).toEqual({
      'input.expiresAt': 'must be at most 365 days from now',
    })
  })

  it('may end a millisecond from now, but not now', () => {
    expect(parseNewKey(input({ expiresAt: daysFromNow(0, 1) }), limits).expiresAt > now).toBe(true)
    expect(refusal(() => parseNewKey(input({ expiresAt: daysFromNow(0) }), limits)).fields).toEqual({
      'input.expiresAt': 'must be in the future',
    })
  })

  it.each(['tomorrow', '2030-02-30T00:00:00Z', '2030-13-01T00:00:00Z', '2030-03-01', '2030-03-01T25:00:00Z', 7, {}])(
    'refuses %j as the moment it ends',
    (expiresAt) =>
      expect(refusal(() => parseNewKey(input({ expiresAt }), limits)).fields).toEqual({
        'input.expiresAt': 'must be a moment such as 2030-01-31T09:30:00.000Z',
      }),
  )

  it('takes a moment with an offset', () => {
    expect(parseNewKey(input({ expiresAt: '2030-02-01T02:00:00+02:00' }), limits).expiresAt.toISOString()).toBe(
      '2030-02-01T00:00:00.000Z',
    )
  })

  it('trims its name, and counts characters rather than bytes', () => {
    expect(parseNewKey(input({ name: '  ci ' }), limits).name).toBe('ci')
    expect(parseNewKey(input({ name: '🔑'.repeat(80) }), limits).name).toBe('🔑'.repeat(80))
  })

  it.each([
    ['', 'must be 1 to 80 characters'],
    ['   ', 'must be 1 to 80 characters'],
    ['x'.repeat(81), 'must be 1 to 80 characters'],
    ['a\u0000b', 'must be printable characters on one line'],
    ['a\nb', 'must be printable characters on one line'],
    ['a\ud800', 'must be printable characters on one line'],
    ['\udc00a', 'must be printable characters on one line'],
    ['a\u202eb', 'must be printable characters on one line'],
  ])('refuses the name %j', (name, reason) =>
    expect(refusal(() => parseNewKey(input({ name }), limits)).fields).toEqual({ 'input.name': reason }),
  )

  it('holds each scope once', () => {
    expect(parseNewKey(input({ scopes: ['keys:read', 'profile:read', 'keys:read'] }), limits).scopes).toEqual([
      'keys:read',
      'profile:read',
    ])
  })

  it.each([
    [[], 'must name at least one scope'],
    [Array.from({ length: 101 }, (_, at) => `s:${at}`), 'must name at most 100 scopes'],
    [['keys:read', 'keys:raed'], 'names a scope that does not exist: keys:raed'],
  ])('refuses these scopes (%#)', (scopes, reason) =>
    expect(refusal(() => parseNewKey(input({ scopes }), limits)).fields).toEqual({ 'input.scopes': reason }),
  )

  it('cannot hold what its creator does not', () => {
    expect(refusal(() => parseNewKey(input({ scopes: ['keys:read', 'users:read'] }), limits))).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('you do not hold users:read'),
    })
  })

  it('names every mistake at once', () => {
    const wrong = input({ name: '', scopes: [], expiresAt: 'soon' })
    expect(Object.keys(refusal(() => parseNewKey(wrong, limits)).fields ?? {})).toEqual([
      'input.name',
      'input.scopes',
      'input.expiresAt',
    ])
  })
})

describe('where a key stands', () => {
  const expiresAt = new Date('2030-02-01T00:00:00.000Z')
  const justBefore = new Date(expiresAt.getTime() - 1)

  it('is active until its last millisecond, and expired from that instant', () => {
    expect(statusOf({ expiresAt, revokedAt: null, disabledAt: null }, justBefore)).toBe('ACTIVE')
    expect(statusOf({ expiresAt, revokedAt: null, disabledAt: null }, expiresAt)).toBe('EXPIRED')
  })

  it('is disabled while it is set aside and could work', () => {
    expect(statusOf({ expiresAt, revokedAt: null, disabledAt: now }, justBefore)).toBe('DISABLED')
    expect(statusOf({ expiresAt, revokedAt: null, disabledAt: now }, expiresAt)).toBe('EXPIRED')
  })

  it('is revoked for ever, expired or not', () => {
    expect(statusOf({ expiresAt, revokedAt: now, disabledAt: null }, justBefore)).toBe('REVOKED')
    expect(statusOf({ expiresAt, revokedAt: now, disabledAt: now }, expiresAt)).toBe('REVOKED')
  })
})

describe('a minted key', () => {
  const macked: string[] = []
  const dependencies = {
    environment: 'test' as const,
    entropy: seededEntropy(),
    clock: clockAt('2030-01-01T00:00:00Z'),
    mac: (whole: string) => {
      macked.push(whole)
      return { keyId: 'p1', mac: new Uint8Array([1, 2, 3]) }
    },
  }

  it('keeps the MAC of its whole text, and nothing of the secret', () => {
    const { key, text } = mintKey('usr_ada', parseNewKey(input(), limits), dependencies)
    const { keyId, secret } = parseApiKeyText(text) ?? { keyId: '', secret: '' }
    expect(macked).toEqual([text])
    expect(key).toMatchObject({
      id: keyId,
      ownerId: 'usr_ada',
      pepperId: 'p1',
      version: 1,
      environment: 'test',
      revokedAt: null,
    })
    expect(text.endsWith(key.lastFour)).toBe(true)
    expect(JSON.stringify(key)).not.toContain(secret)
  })
})

describe('the reason of a revocation', () => {
  it.each([
    [undefined, null],
    [null, null],
    ['  ', null],
    [' leaked ', 'leaked'],
  ])('reads %j as %j', (reason, kept) => expect(parseReason(reason)).toBe(kept))

  it('is at most 200 characters', () => {
    expect(parseReason('x'.repeat(200))).toHaveLength(200)
    expect(refusal(() => parseReason('x'.repeat(201))).fields).toEqual({
      'input.reason': 'must be at most 200 characters',
    })
  })

  it.each(['a\u0000', 'a\ud800', '\udc00', 'a\u202eb', 'a\nb'])('cannot be %j', (reason) =>
    expect(refusal(() => parseReason(reason)).fields).toEqual({
      'input.reason': 'must be printable characters on one line',
    }),
  )
})

/** Of all that is normalised meanwhile. */
function longestNormalisedBy(action: () => unknown): number {
  const normalise = vi.spyOn(String.prototype, 'normalize')
  try {
    action()
    return Math.max(0, ...normalise.mock.contexts.map((text) => String(text).length))
  } finally {
    normalise.mockRestore()
  }
}

describe('a text made to be slow', () => {
  // Normalising this takes the square of its length: seconds, for as much as fits into a request.
  const slow = `a${'\u0315'.repeat(60_000)}${'\u0300'.repeat(60_000)}`

  it.each([
    ['name', () => parseNewKey(input({ name: slow }), limits)],
    ['reason', () => parseReason(slow)],
  ])('is refused as %s before it is normalised', (name, parse) => {
    const refused = () => expect(Object.keys(refusal(parse).fields ?? {})).toEqual([`input.${name}`])
    expect(longestNormalisedBy(refused)).toBeLessThan(1_000)
  })
})

describe('the form of an id', () => {
  it.each(['', '\u0000', 'NoSuchKey12', 'NoSuchKey1234', 'NoSuchKey12\n', 'NoSuchKey-23', 'NoSuchKey12\ud800'])(
    'no key has %j',
    (id) => expect(isKeyId(id)).toBe(false),
  )
  it.each(['', '\u0000', 'usr_a\u0000', 'usr_a\ud800', 'usr_a\n', 'x'.repeat(65)])('no owner has %j', (id) =>
    expect(isOwnerId(id)).toBe(false),
  )
  it('keys and owners have', () => expect([isKeyId('NoSuchKey123'), isOwnerId('usr_Ada-1')]).toEqual([true, true]))
})
