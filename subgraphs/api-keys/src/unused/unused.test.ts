import { dayMs } from '@latchkey/clock'
import { aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys, usedNow } from '../application.fixture.ts'

let app: RunningApiKeys
const ada = aUser({ userId: 'usr_ada' })
const eve = aUser({ userId: 'usr_eve' })
const admin = aUser({ userId: 'usr_root', scopes: ['keys:admin'] })
const ids: Record<string, string> = {}

beforeAll(async () => {
  app = await runApiKeys()
  const make = async (name: string, by = ada) => {
    ids[name] = (
      await app.create(by, { name, expiresAt: new Date(app.clock.now().getTime() + 200 * dayMs).toISOString() })
    ).id
  }
  for (const name of ['never', 'long ago', 'lately', 'revoked', 'disabled']) await make(name)
  await make("eve's", eve)
  app.clock.advance(10 * dayMs)
  const used = (name: string) => usedNow(app, ids[name] ?? '')
  await used('long ago')
  app.clock.advance(90 * dayMs)
  await used('lately')
  await app.revoke(ada, ids.revoked ?? '')
  await app.ask(ada, 'mutation ($id: ID!) { disableApiKey(id: $id) { apiKey { id } } }', { id: ids.disabled })
  await make('new')
})
afterAll(() => app.stop())

const query =
  'query ($days: Int!, $first: Int, $after: String) { unusedApiKeys(days: $days, first: $first, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } }'
interface Page {
  readonly nodes: readonly { readonly name: string }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
}
const unused = async (by: typeof ada, days: number, page: Record<string, unknown> = {}) =>
  ((await app.ask(by, query, { days, ...page })).data as { unusedApiKeys: Page }).unusedApiKeys
const names = async (by: typeof ada, days: number) => (await unused(by, days)).nodes.map(({ name }) => name).sort()

describe('unused keys', () => {
  it('are those that were neither made nor used in so many days and have not ended', async () => {
    expect(await names(ada, 30)).toEqual(['disabled', 'long ago', 'never'])
    expect(await names(ada, 95)).toEqual(['disabled', 'never'])
    expect(await names(ada, 101)).toEqual([])
  })

  it("are everybody's for an administrator, and one's own else", async () => {
    expect(await names(admin, 30)).toEqual(['disabled', "eve's", 'long ago', 'never'])
    expect(await names(eve, 30)).toEqual(["eve's"])
  })

  it('come page by page', async () => {
    const first = await unused(ada, 30, { first: 2 })
    const rest = await unused(ada, 30, { first: 2, after: first.pageInfo.endCursor })
    expect([first.nodes.length, first.pageInfo.hasNextPage, rest.nodes.length, rest.pageInfo.hasNextPage]).toEqual([
      2,
      true,
      1,
      false,
    ])
  })

  it.each([0, -1, 366, 2 ** 31 - 1])('of %d days are not asked for', async (days) => {
    expect((await app.ask(ada, query, { days })).errors?.[0]?.extensions?.code).toBe('BAD_USER_INPUT')
  })

  it('are reported to the operator with when they were last used', async () => {
    const reported = []
    for await (const batch of app.unusedKeys(30)) reported.push(...batch)
    expect(reported.map(({ name, lastUsedAt }) => [name, lastUsedAt?.toISOString() ?? null]).sort()).toEqual([
      ['disabled', null],
      ["eve's", null],
      ['long ago', '2030-01-11T00:00:00.000Z'],
      ['never', null],
    ])
  })
})
