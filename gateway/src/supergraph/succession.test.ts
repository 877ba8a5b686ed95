import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { afterEach, describe, expect, it } from 'vitest'
import { composeEstate, createEstate, openEstate } from '../estate.fixture.ts'

const undo: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

const plain = { places: 'type Query { open: String here: Int }' }
const placesOnly = composeEstate(plain)
const answering =
  (data: Record<string, unknown>): SubgraphTransport =>
  async () => ({ data })

async function opened(overrides: Parameters<typeof openEstate>[0] = {}) {
  const estate = await openEstate(overrides)
  undo.push(() => estate.gateway.close())
  const ask = async (query: string) => {
    const response = await fetch(`${estate.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    return (await response.json()) as { data?: unknown; errors?: { message: string }[] }
  }
  return { ...estate, ask }
}

/** The subgraph waits until it is told to answer. */
function held(data: Record<string, unknown>) {
  let release = () => {}
  let tell = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const asked = new Promise<void>((resolve) => {
    tell = resolve
  })
  const transport: SubgraphTransport = async () => {
    tell()
    await released
    return { data }
  }
  return { transport, asked, release: () => release() }
}

describe('a supergraph that takes the place of another', () => {
  it('is what the next request is judged and answered by, what was prepared of the other included', async () => {
    const { gateway, ask } = await opened()
    expect(await ask('{ open }')).toEqual({ data: { open: 'sesame' } })
    expect((await ask('{ here }')).errors?.[0]?.message).toMatch(/here/)
    const takeOver = await gateway.prepare({
      supergraphSdl: placesOnly,
      transports: { places: answering({ open: 'new', here: 1 }) },
    })
    expect(await ask('{ open }')).toEqual({ data: { open: 'sesame' } })
    await takeOver()
    expect(await ask('{ open }')).toEqual({ data: { open: 'new' } })
    expect(await ask('{ here }')).toEqual({ data: { here: 1 } })
    expect((await ask('{ badge }')).errors?.[0]?.message).toMatch(/badge/)
  })

  it('leaves a request the one it began with, and tells when none is left', async () => {
    const { transport: people, asked, release } = held({ open: 'old' })
    const { gateway, ask } = await opened({ transports: { ...createEstate().transports, people } })
    const answer = ask('{ open }')
    await asked
    const takeOver = await gateway.prepare({
      supergraphSdl: placesOnly,
      transports: { places: answering({ open: 'new' }) },
    })
    let isDrained = false
    const drained = takeOver().then(() => {
      isDrained = true
    })
    expect(await ask('{ open }')).toEqual({ data: { open: 'new' } })
    expect(isDrained).toBe(false)
    release()
    expect(await answer).toEqual({ data: { open: 'old' } })
    await drained
  })

  it('takes nothing from what is planned for the first time meanwhile', async () => {
    const { gateway, ask } = await opened({
      transports: { ...createEstate().transports, people: answering({ open: 'old' }) },
    })
    const askMany = (from: number) => Array.from({ length: 20 }, (_, n) => ask(`query Q${from + n} { open }`))
    const before = askMany(0)
    const takeOver = await gateway.prepare({
      supergraphSdl: placesOnly,
      transports: { places: answering({ open: 'new' }) },
    })
    const during = askMany(20)
    await takeOver()
    for (const answer of await Promise.all([...before, ...during]))
      expect(['old', 'new']).toContain((answer.data as { open: unknown }).open)
  })

  it('is refused when it cannot be served, and the other stays', async () => {
    const { gateway, ask, supergraphSdl, transports } = await opened()
    const unenforced = supergraphSdl.replace(
      ' {',
      ' @link(url: "https://specs.apollo.dev/vault/v1.0", for: SECURITY) {',
    )
    const refusals = [
      { supergraphSdl: 'type Query {', transports },
      { supergraphSdl: 'type Query { a: Int }', transports },
      { supergraphSdl: unenforced, transports },
      { supergraphSdl: placesOnly, transports: {} },
    ].map((next) => gateway.prepare(next).then(() => 'served', String))
    expect(await Promise.all(refusals)).toEqual([
      expect.stringContaining('Syntax Error'),
      expect.stringContaining('not a supergraph'),
      expect.stringContaining('does not enforce'),
      expect.stringContaining('No transport leads to: places'),
    ])
    expect(await ask('{ open }')).toEqual({ data: { open: 'sesame' } })
  })
})
