import { describe, expect, it } from 'vitest'
import { metadataBytesMax, parseMetadata } from './metadata.ts'

describe('metadata', () => {
  it('is a JSON object', () => {
    expect(parseMetadata('{"team":"billing","tags":["a",1,null]}')).toEqual({ team: 'billing', tags: ['a', 1, null] })
    expect(parseMetadata('{}')).toEqual({})
  })

  it.each(['', '[]', 'null', '"text"', '7', '{', '{"a":1} x'])('is not %j', (text) => {
    expect(parseMetadata(text)).toMatch('must be the JSON text of an object')
  })

  it('is as long as it may be, and no longer', () => {
    const filled = (length: number) => JSON.stringify({ a: 'x'.repeat(length - 8) })
    expect(parseMetadata(filled(metadataBytesMax))).toMatchObject({ a: expect.any(String) })
    expect(parseMetadata(filled(metadataBytesMax + 1))).toMatch('at most')
  })

  it('is not deeper than anybody needs', () => {
    const nested = (depth: number): string => (depth === 0 ? '1' : `{"a":${nested(depth - 1)}}`)
    expect(parseMetadata(nested(8))).toBeTypeOf('object')
    expect(parseMetadata(nested(9))).toMatch('levels deep')
    expect(parseMetadata(`{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`)).toBeTypeOf('string')
  })

  it.each(['{"a":"\\u0000"}', '{"\\u0000":1}', '{"a":"\\ud800"}'])(
    'holds nothing that Postgres cannot keep: %j',
    (text) => {
      expect(parseMetadata(text)).toBe('must be Unicode text')
    },
  )
})
