import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from '../estate.fixture.ts'
import type { CostTerms } from './judge-cost.ts'

interface Answer {
  readonly status: number
  readonly data?: unknown
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[]
  readonly extensions?: Record<string, unknown>
}

async function ask({ url }: OpenEstate, query: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  })
  return { status: response.status, ...((await response.json()) as object) }
}

const withCost = (cost: CostTerms) => openEstate({ cost })
const dear = '{ user(id: "usr_ada") { friend { id } rival { id } } }'
const cheap = '{ user(id: "usr_ada") { id } }'

describe('an operation that costs more than one may', () => {
  let strict: OpenEstate
  beforeAll(async () => {
    strict = await withCost({ mode: 'enforce', max: 2 })
  })
  afterAll(() => strict.gateway.close())

  it('is refused with what it costs, before any subgraph is asked, each time', async () => {
    for (const _ of ['first sight', 'prepared', 'and again']) {
      const { status, errors, data } = await ask(strict, dear)
      expect([status, data]).toEqual([400, undefined])
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'OPERATION_TOO_COSTLY', cost: 3, costMax: 2 })
    }
    expect(strict.asked).toHaveLength(0)
    expect((await ask(strict, cheap)).errors).toBeUndefined()
  })

  it('reads for a stranger like any other that they may not ask', async () => {
    const { errors } = await ask(strict, '{ user(id: "usr_ada") { friend { id } rival { id } } me { id } }')
    expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
  })
})

it.each(['measure', 'off'] as const)('with %s it passes', async (mode) => {
  const estate = await withCost({ mode, max: 1 })
  expect((await ask(estate, dear)).status).toBe(200)
  await estate.gateway.close()
})

describe('what an operation costs', () => {
  const told = { 'x-latchkey-cost': 'tell' }
  const cost = { planned: 3, max: 10_000 }

  it('is told to whoever asks for it, and to nobody else', async () => {
    const estate = await openEstate()
    for (const _ of ['first sight', 'prepared']) {
      expect((await ask(estate, dear, told)).extensions).toEqual({ cost })
      expect((await ask(estate, dear)).extensions).toBeUndefined()
    }
    expect(
      (await ask(estate, '{ user(id: "usr_ada") { friend { id } rival { id } } broken }', told)).extensions,
    ).toEqual({ cost })
    await estate.gateway.close()
  })

  it('is told in production to those who are known', async () => {
    const estate = await openEstate({ mode: 'production' })
    expect((await ask(estate, dear, told)).extensions).toBeUndefined()
    const asAda = { ...told, authorization: 'Bearer profile:read' }
    expect((await ask(estate, '{ me { id } }', asAda)).extensions).toEqual({ cost: { planned: 1, max: 10_000 } })
    await estate.gateway.close()
  })
})
