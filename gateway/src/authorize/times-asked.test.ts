import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from '../estate.fixture.ts'

describe('a field that one operation may ask for twice', () => {
  let estate: OpenEstate
  beforeAll(async () => {
    estate = await openEstate({
      limits: { timesPerOperation: { 'Query.count': 2, 'User.friend': 2, 'Mutation.ping': 1 } },
    })
  })
  afterAll(() => estate.gateway.close())

  async function ask(query: string): Promise<unknown> {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${estate.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
    const { errors } = (await response.json()) as { errors?: { message: string; extensions: { code: string } }[] }
    return errors?.[0] ? `${errors[0].extensions.code} ${errors[0].message}` : 'passed'
  }

  const tooOften = (what: string) => `OPERATION_TOO_COSTLY This operation is larger than allowed: ${what}.`

  it('keeps the limits that were not named', async () => {
    expect(await ask('mutation { signIn(email: "a") b: signIn(email: "b") }')).toBe(
      tooOften('more than one field that checks a credential'),
    )
  })

  it.each([
    '{ count a: count open }',
    'query A { a: count b: count } query B { c: count }',
    '{ user(id: "usr_ada") { friend { id } } b: user(id: "usr_ada") { friend { id } } }',
    'mutation { ping }',
  ])('passes: %s', async (query) => expect(await ask(query)).toMatch(/^(passed|OPERATION_RESOLUTION_FAILURE .*)$/))

  it.each([
    ['{ a: count b: count c: count }', 'Query.count more than 2 times'],
    ['{ ...F ...F ...F } fragment F on Query { count }', 'Query.count more than 2 times'],
    [
      '{ ...F } fragment F on Query { ...G a: count } fragment G on Query { b: count ... on Query { c: count } }',
      'Query.count more than 2 times',
    ],
    ['{ user(id: "usr_ada") { a: friend { friend { friend { id } } } } }', 'User.friend more than 2 times'],
    ['{ a: count @skip(if: true) b: count c: count @include(if: false) }', 'Query.count more than 2 times'],
    ['mutation { ping b: ping }', 'Mutation.ping more than once'],
  ])('is refused: %s', async (query, what) => {
    const before = estate.asked.length
    expect(await ask(query)).toBe(tooOften(what))
    expect(estate.asked).toHaveLength(before)
  })
})
