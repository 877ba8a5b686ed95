/** The README's operations, pasted one by one, give the answers printed there. */
import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { ask, bearer, type Credential, mailsTo, nobody, tokenIn } from '../support/client.ts'
import type { Topology } from '../support/topology.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const blocks = [...readme.matchAll(/```(graphql|json)\n([\s\S]*?)```/g)].map(([, kind, text = '']) => ({ kind, text }))
/** An operation and the answer printed below it. */
const pairs = blocks.flatMap(({ kind, text }, at) => {
  const next = blocks[at + 1]
  return kind === 'graphql' && next?.kind === 'json' ? [{ operation: text, printed: JSON.parse(next.text) }] : []
})

/** Printed text ends in `…` where the rest is different for everyone. */
function expectLike(answer: unknown, printed: unknown): void {
  if (typeof printed === 'string' && printed.endsWith('…')) {
    expect(answer).toEqual(expect.any(String))
    expect((answer as string).startsWith(printed.slice(0, -1))).toBe(true)
  } else if (printed !== null && typeof printed === 'object') {
    expect(Object.keys(answer ?? {})).toEqual(Object.keys(printed))
    for (const [key, value] of Object.entries(printed)) expectLike((answer as Record<string, unknown>)[key], value)
  } else {
    expect(answer).toEqual(printed)
  }
}

export function readmeStories(openHouse: () => Topology): void {
  let house: Topology
  beforeAll(async () => {
    house = openHouse()
  })

  it('has five operations, and each answers as printed; the last one to a session and to a key', async () => {
    const [gateway] = house.gateways
    const [register, verify, signIn, createKey, me] = pairs
    if (!register || !verify || !signIn || !createKey || !me) throw new Error(`only ${pairs.length} operations`)
    const follow = async ({ operation, printed }: typeof register, credential: Credential = nobody, variables = {}) => {
      const { data, errors } = await ask(gateway, credential, operation, variables)
      expect(errors).toEqual([])
      expectLike({ data }, printed)
      return data
    }
    await follow(register)
    await expect.poll(async () => (await mailsTo(gateway, 'ada@example.com')).length).toBe(1)
    const [mail] = await mailsTo(gateway, 'ada@example.com')
    await follow(verify, nobody, { token: mail && tokenIn(mail) })
    const { accessToken } = (await follow(signIn)).signIn
    const { secret } = (await follow(createKey, bearer(accessToken))).createApiKey
    const bySession = await follow(me, bearer(accessToken))
    expect(await follow(me, { 'x-api-key': secret })).toEqual(bySession)
  })
}
