import { clockAt } from '@latchkey/clock/testing'
import { costLimit } from '@latchkey/principal/cost-budgets'
import { memoryCostBudgets } from '@latchkey/principal/cost-budgets.memory'
import { Problem } from '@latchkey/problem'
import { afterEach, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from '../estate.fixture.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const dear = '{ user(id: "usr_ada") { friend { id } rival { id } } }'
const cheap = '{ user(id: "usr_ada") { id } }'
const ada = { authorization: 'Bearer profile:read' }
const bob = { authorization: 'Bearer bob' }

let estate: OpenEstate
afterEach(() => estate.gateway.close())

/** Dear costs 3, and 10 may be asked for in a minute; what costs 1 is not counted. */
async function open(): Promise<void> {
  const budgets = memoryCostBudgets({ clock, limit: costLimit(10) })
  estate = await openEstate({ affords: { budgets, freeMax: 1 } })
}

async function ask(query: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${estate.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  })
  const { errors } = (await response.json()) as { errors?: { extensions: Record<string, unknown> }[] }
  const { code, retryAfterMs } = errors?.[0]?.extensions ?? {}
  return { status: response.status, code, retryAfterMs, after: response.headers.get('retry-after') }
}
const served = (answers: readonly { status: number }[]) => answers.filter(({ status }) => status === 200).length

it('a person is granted as much as there is for a minute, then told when to come back; others are not affected', async () => {
  await open()
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(dear, ada)))
  expect(served(answers)).toBe(3)
  expect(answers.find(({ status }) => status !== 200)).toEqual({
    ...{ status: 429, code: 'RATE_LIMITED', retryAfterMs: 12_000, after: '12' },
  })
  expect(served([await ask(dear, bob), await ask(dear)])).toBe(2)
  clock.advance(12_000)
  expect(served([await ask(dear, ada)])).toBe(1)
})

it('what is cheap is not counted, and passes whatever was spent', async () => {
  await open()
  await Promise.all(Array.from({ length: 20 }, () => ask(dear, ada)))
  expect(served(await Promise.all(Array.from({ length: 20 }, () => ask(cheap, ada))))).toBe(20)
})

it('strangers of one network share, and what is refused reaches no subgraph', async () => {
  await open()
  await Promise.all(Array.from({ length: 5 }, () => ask(dear)))
  const before = estate.asked.length
  expect((await ask(dear)).code).toBe('RATE_LIMITED')
  expect(estate.asked).toHaveLength(before)
})

it('what is refused for another reason takes nothing', async () => {
  await open()
  for (let times = 0; times < 9; times++)
    expect((await ask('{ user(id: "usr_ada") { email friend { id } } }', bob)).code).toBe('FORBIDDEN')
  expect(served(await Promise.all(Array.from({ length: 9 }, () => ask(dear, bob))))).toBe(3)
})

it('a key does not spend what its owner may ask for in person', async () => {
  await open()
  const key = { 'x-api-key': 'mine {}' }
  expect(served(await Promise.all(Array.from({ length: 9 }, () => ask(dear, key))))).toBe(9)
  expect(served([await ask(dear, ada)])).toBe(1)
})

it('nothing dear is granted while nobody can say what is left', async () => {
  const budgets = {
    spend: async () => {
      throw new Problem('UNAVAILABLE', 'redis: gone')
    },
  }
  estate = await openEstate({ affords: { budgets, freeMax: 1 } })
  expect((await ask(dear, ada)).status).toBe(503)
  expect((await ask(cheap, ada)).status).toBe(200)
})
