import { writeMetrics } from '@latchkey/telemetry/metrics'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

let estate: OpenEstate
beforeAll(async () => {
  estate = await openEstate()
})
afterAll(() => estate.gateway.close())

async function ask(query: string, headers: Record<string, string> = {}): Promise<number> {
  const { status } = await fetch(`${estate.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  })
  return status
}

/** By how much each line of a metric grew meanwhile; other tests of this process may have counted before. */
async function grown(name: string, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const read = async () => {
    const lines = (await writeMetrics()).text.split('\n').filter((line) => line.startsWith(`${name}{`))
    return Object.fromEntries(
      lines.map((line) => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    )
  }
  const before = await read()
  await work()
  const after = Object.entries(await read()).map(([labels, value]) => [labels, value - (before[labels] ?? 0)] as const)
  return Object.fromEntries(after.filter(([, value]) => value > 0))
}

it('counts what it denies by field, each once an operation, and not what it lets through beside', async () => {
  const denied = await grown('latchkey_denials_total', async () => {
    expect(await ask('{ open secret again: secret me { id email } }', { authorization: 'Bearer none' })).toBe(403)
    expect(await ask('{ secret }')).toBe(401)
    expect(await ask('{ open }')).toBe(200)
  })
  expect(denied).toEqual({
    '{coordinate="Query.secret",code="FORBIDDEN"}': 1,
    '{coordinate="User.email",code="FORBIDDEN"}': 1,
    '{coordinate="Query.secret",code="UNAUTHENTICATED"}': 1,
  })
})

it('counts requests with keys by what became of the key', async () => {
  const outcomes = await grown('latchkey_key_requests_total', async () => {
    expect(await ask('{ open }', { 'x-api-key': 'free' })).toBe(200)
    expect(await ask('{ secret }', { 'x-api-key': 'free' })).toBe(403)
    expect(await ask('{ nonsense }', { 'x-api-key': 'free' })).toBe(400)
    expect(await ask('{ open }')).toBe(200)
  })
  expect(outcomes).toEqual({ '{outcome="VALID"}': 1, '{outcome="SCOPE_DENIED"}': 1, '{outcome="OTHER"}': 1 })
})
