import { setTimeout as pause } from 'node:timers/promises'
import { Problem } from '@latchkey/problem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from '../estate.fixture.ts'

let estate: OpenEstate
beforeAll(async () => {
  estate = await openEstate()
})
afterAll(() => estate.gateway.close())

const limited = (burst: number) => ({ rateLimits: [{ name: 'own', limit: burst, windowSeconds: 60, burst }] })

const textOf = (id: string, confinement: object) => `${id} ${JSON.stringify(confinement)}`

interface Answer {
  readonly data?: unknown
  readonly errors?: readonly { readonly extensions: Record<string, unknown> }[]
}

async function ask(key: string, query: string, { url } = estate) {
  const headers = { 'content-type': 'application/json', 'x-api-key': key }
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
  const { data, errors = [] } = (await response.json()) as Answer // as GraphQL over HTTP says
  const { code, reason, retryAfterMs } = errors[0]?.extensions ?? {}
  const field = (name: string) => response.headers.get(name)
  return { status: response.status, data, code, reason, retryAfterMs, field, left: field('ratelimit-remaining') }
}

describe('a request with a key', () => {
  it('is told what is left, and refused with when to come back once nothing is', async () => {
    const key = textOf('told', limited(2))
    const first = await ask(key, '{ open }')
    expect([first.status, first.left, first.field('ratelimit-limit'), first.field('ratelimit-reset')]).toEqual([
      200,
      '1',
      '2',
      '30',
    ])
    expect(first.field('ratelimit-policy')).toBe('2;w=60;burst=2;name="own", 6000;w=60;burst=1000;name="owner"')
    await ask(key, '{ open }')
    const refused = await ask(key, '{ open }')
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED', reason: 'RATE_LIMITED', retryAfterMs: 30_000 })
    expect([refused.field('retry-after'), refused.left, refused.data]).toEqual(['30', '0', undefined])
  })

  it('is refused for its uses by a name of its own', async () => {
    const key = textOf('uses', { uses: { limit: 1, refill: 'DAILY', issue: 1 } })
    await ask(key, '{ open }')
    expect(await ask(key, '{ open }')).toMatchObject({
      ...{ status: 429, code: 'RATE_LIMITED', reason: 'USAGE_EXCEEDED', retryAfterMs: 86_400_000 },
    })
    const spent = textOf('spent', { uses: { limit: 1, refill: 'NEVER', issue: 1 } })
    await ask(spent, '{ open }')
    const refused = await ask(spent, '{ open }')
    expect([refused.reason, refused.retryAfterMs, refused.field('retry-after')]).toEqual([
      ...['USAGE_EXCEEDED', undefined, null],
    ])
  })

  it.each([
    ['does not parse', '{ open('],
    ['does not validate', '{ opn }'],
    ['is too large', `{ ${'open '.repeat(11)} }`],
    ['is beyond its scopes', '{ secret }'],
    ['asks for a proof that a key cannot give', '{ vaulted }'],
  ])('that %s costs nothing, and is told what is left', async (what, query) => {
    const key = textOf(what.replaceAll(' ', '-'), { ...limited(3), uses: { limit: 3, refill: 'NEVER', issue: 1 } })
    for (const _ of [1, 2, 3, 4, 5]) expect((await ask(key, query)).left).toBe('3')
    expect((await ask(key, '{ open }')).left).toBe('2')
  })

  it('costs one, whatever it asks for and whatever comes of it', async () => {
    const key = textOf('one', limited(9))
    const left: unknown[] = []
    for (const query of [
      '{ open }',
      '{ a: open b: open c: count }',
      'mutation { ping }',
      '{ broken }',
      '{ me { id } }',
    ])
      left.push((await ask(key, query)).left)
    expect(left).toEqual(['8', '7', '6', '5', '4'])
  })

  it('costs what it is planned to where the key’s limit counts costs, and is refused before anything is asked', async () => {
    const costs = { name: 'costs', limit: 7, windowSeconds: 60, burst: 7, unit: 'cost' }
    const key = textOf('costs', { rateLimits: [costs] })
    const dear = '{ user(id: "usr_ada") { friend { id } rival { id } } }'
    expect((await ask(key, dear)).left).toBe('4')
    expect((await ask(key, dear)).left).toBe('1')
    const before = estate.asked.length
    const refused = await ask(key, dear)
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED', left: '1' })
    expect(refused.field('ratelimit-policy')).toContain('7;w=60;burst=7;name="costs";unit="cost"')
    expect(estate.asked).toHaveLength(before)
    expect((await ask(key, '{ open }')).left).toBe('0')
  })

  it('reaches no subgraph when it is refused', async () => {
    const key = textOf('none', limited(1))
    await ask(key, '{ open }')
    const before = estate.asked.length
    await ask(key, 'mutation { ping }')
    expect(estate.asked.length).toBe(before)
  })

  it('that has been paid for is executed, although its client has gone while others were before it', async () => {
    const count = 24
    const leaving = new AbortController()
    const paying: (() => void)[] = []
    const slow = await openEstate({
      budgets: {
        async spend() {
          await new Promise<void>((resolve) => paying.push(resolve))
          return { outcome: 'SPENT', limits: [], usesLeft: null }
        },
      },
    })
    const headers = { 'content-type': 'application/json', 'x-api-key': textOf('gone', {}) }
    const body = JSON.stringify({ query: 'mutation { ping }' })
    const ping = () => fetch(`${slow.url}/graphql`, { method: 'POST', headers, body, signal: leaving.signal })
    const sent = Array.from({ length: count }, () => ping().catch(() => 'gone'))
    await expect.poll(() => paying.length).toBe(count)
    leaving.abort()
    await Promise.all(sent)
    await pause(50)
    for (const pay of paying) pay()
    await expect.poll(() => slow.asked.length).toBe(count)
    await slow.gateway.close()
  })

  it('is refused when nobody can say what is left, and asks only once', async () => {
    let asked = 0
    const broken = await openEstate({
      budgets: {
        spend: async () => {
          asked += 1
          throw new Problem('UNAVAILABLE', 'redis: gone')
        },
      },
    })
    expect(await ask('any', '{ open }', broken)).toMatchObject({
      status: 503,
      code: 'UNAVAILABLE',
      left: null,
    })
    expect([asked, broken.asked.length]).toEqual([1, 0])
    expect(await ask('any', '{ opn }', broken)).toMatchObject({ status: 400, left: null })
    await broken.gateway.close()
  })
})
