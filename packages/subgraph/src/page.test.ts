import { Problem } from '@latchkey/problem'
import { describe, expect, it } from 'vitest'
import { cursorOf, pageOf, parsePage } from './page.ts'

const aKey = (at: number) => ({
  id: `Key${String(at).padStart(9, '0')}`,
  createdAt: new Date(1_900_000_000_000 + at),
})
const placeOf = ({ createdAt, id }: ReturnType<typeof aKey>) => ({ at: createdAt, id })

describe('a page', () => {
  it('is 20 keys unless said', () => {
    expect(parsePage({})).toEqual({ size: 20, after: null })
    expect(parsePage({ first: null, after: null })).toEqual({ size: 20, after: null })
  })

  it.each([1, 100])('may be %i keys', (first) => expect(parsePage({ first }).size).toBe(first))

  it.each([0, -1, 101])('cannot be %i keys', (first) => expect(() => parsePage({ first })).toThrow(Problem))

  it('goes on where its cursor says', () => {
    const place = placeOf(aKey(7))
    expect(parsePage({ after: cursorOf(place) }).after).toEqual(place)
  })

  const good = cursorOf(placeOf(aKey(7)))
  it.each([
    '',
    'x',
    `${good}=`,
    `${good} `,
    `!${good}`,
    good.slice(1),
    good.replace(/.$/, '*'),
    Buffer.from('1.').toString('base64url'),
    Buffer.from(`1.${'x'.repeat(65)}`).toString('base64url'),
    'x'.repeat(1_000_000),
    Buffer.from("7.Key000000007' OR 1=1").toString('base64url'),
    Buffer.from('007.Key000000007').toString('base64url'),
    Buffer.from('999999999999999.Key00000000*').toString('base64url'),
  ])('refuses the cursor %j', (after) => {
    expect(() => parsePage({ after })).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', facts: { fields: { after: expect.any(String) } } }),
    )
  })

  it('says that there is more when one key more was found, and does not show it', () => {
    const page = pageOf([aKey(3), aKey(2), aKey(1)], { size: 2, after: null }, placeOf)
    expect(page.nodes.map(({ id }) => id)).toEqual(['Key000000003', 'Key000000002'])
    expect(page.edges.map(({ node }) => node)).toEqual(page.nodes)
    expect(page.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: cursorOf(placeOf(aKey(3))),
      endCursor: cursorOf(placeOf(aKey(2))),
    })
  })

  it('may be empty', () => {
    expect(pageOf([], { size: 2, after: placeOf(aKey(1)) }, placeOf).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: true,
      startCursor: null,
      endCursor: null,
    })
  })
})
