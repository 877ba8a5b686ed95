import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Installation,
  install,
  type Pair,
  personOf,
  type RunningSessions,
  refresh,
  resultOf,
  signedIn,
} from '../application.fixture.ts'
import { hasRedis } from '../redis.fixture.ts'

describe.skipIf(!hasRedis)('when Redis is lost', () => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install('redis')
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  function store() {
    if (!house.redis) throw new Error('there is no Redis')
    return house.redis
  }
  const names = () => store().redis.keys(`${store().prefix}*`)

  async function forgetAll(): Promise<void> {
    const all = await names()
    if (all.length > 0) await store().redis.del(all)
  }

  /** Everything that is kept, with what is left of its life. */
  async function copy() {
    const { redis } = store()
    const rows = (await names()).map(async (name) => ({
      name,
      value: await redis.dumpBuffer(name),
      leftMs: Math.max(0, await redis.pttl(name)),
    }))
    return Promise.all(rows)
  }

  async function restore(rows: Awaited<ReturnType<typeof copy>>): Promise<void> {
    await forgetAll()
    for (const { name, value, leftMs } of rows) if (value) await store().redis.restore(name, leftMs, value)
  }

  const isAlive = async ({ session }: Pair) => (await house.records.session(session.id, 'usr_ada')).session !== null
  const refreshed = async ({ refreshToken }: Pair) => resultOf(await refresh(here, refreshToken)).__typename
  const signOut = (pair: Pair) => here.ask('mutation { signOut { sessionId } }', { principal: personOf(pair) })

  it('whole, sessions are lost, and tokens with them; signing in goes on', async () => {
    const [live, ended] = [await signedIn(here), await signedIn(here)]
    await signOut(ended)
    await forgetAll()
    for (const pair of [live, ended]) {
      expect(await isAlive(pair)).toBe(false)
      expect(await refreshed(pair)).toBe('SignInRefused')
    }
    const again = await signedIn(here)
    expect([await isAlive(again), await refreshed(again)]).toEqual([true, 'SignedIn'])
  })

  it('and comes back as an old copy, a process that goes on ends at once what was ended since', async () => {
    const ended = await signedIn(here)
    const rows = await copy()
    await signOut(ended)
    await restore(rows)
    house.connections[0]?.redis.disconnect(true)
    await expect.poll(() => isAlive(ended)).toBe(false)
  })

  it('and an old copy takes its place, what was ended since does not come alive again', async () => {
    const [live, signedOut, stolen] = [await signedIn(here), await signedIn(here), await signedIn(here)]
    const second = resultOf(await refresh(here, stolen.refreshToken))
    const rows = await copy()
    await signOut(signedOut)
    const third = resultOf(await refresh(here, second.refreshToken))
    expect(await refreshed(stolen)).toBe('SignInRefused')
    await restore(rows)
    expect([await isAlive(signedOut), await isAlive(stolen)]).toEqual([true, true])
    await house.startProcess()
    for (const pair of [signedOut, stolen]) expect(await isAlive(pair)).toBe(false)
    for (const pair of [signedOut, stolen, second, third]) expect(await refreshed(pair)).toBe('SignInRefused')
    expect([await isAlive(live), await refreshed(live)]).toEqual([true, 'SignedIn'])
  })
})
