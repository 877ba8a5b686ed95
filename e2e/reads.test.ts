/** What one operation costs the database: a statement for a list, however long the list. */
import { testRedis } from '@latchkey/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aKey, ask, bearer, registered, signedIn } from './support/client.ts'
import { inEveryRun, type StatementTap, tapStatements } from './support/statement-tap.ts'
import { startTopology, type Topology } from './support/topology.ts'

const me = '{ me { id email sessions { id device createdAt } apiKeys { id name scopes } } }'

/** Asked so often, one after the other: more often than anything that runs by the clock comes round meanwhile. */
const timesAsked = 5

describe.skipIf(!testRedis())('on the wire', () => {
  let house: Topology
  let tap: StatementTap
  beforeAll(async () => {
    house = await startTopology('embedded', {
      between: async (url) => {
        tap = await tapStatements(url)
        return tap
      },
    })
  })
  afterAll(() => house?.stop())

  /** The statements that asking makes every time. Others run beside requests, by the clock, and no request waits for them. */
  async function madeBy(asking: () => Promise<unknown>): Promise<string[]> {
    const runs: string[][] = []
    for (let time = 0; time < timesAsked; time++) {
      tap.taken()
      await asking()
      runs.push(tap.taken())
    }
    return inEveryRun(runs)
  }

  it('the three-subgraph question runs one statement for the account and one for the keys, one key or eight', async () => {
    const [gateway] = house.gateways
    const ada = await registered(gateway)
    const signed = await signedIn(gateway, ada)
    const statements: string[][] = []
    for (const [keys, sessions] of [
      [1, 1],
      [8, 4],
    ] as const) {
      while ((await ask(gateway, bearer(signed.accessToken), me)).data.me.apiKeys.length < keys)
        await aKey(gateway, signed, ['profile:read'])
      while ((await ask(gateway, bearer(signed.accessToken), me)).data.me.sessions.length < sessions)
        await signedIn(gateway, ada)
      statements.push(
        await madeBy(async () => {
          const { data, errors } = await ask(gateway, bearer(signed.accessToken), me)
          expect([errors, data.me.apiKeys.length, data.me.sessions.length]).toEqual([[], keys, sessions])
        }),
      )
    }
    expect(statements[0]).toHaveLength(2)
    expect(statements[1]).toEqual(statements[0])
  })

  it('a refused operation reads no row', async () => {
    const [gateway] = house.gateways
    const signed = await signedIn(gateway)
    const key = await aKey(gateway, signed, ['sessions:read'])
    for (const credential of [
      {},
      { authorization: 'Bearer garbage' },
      { 'x-api-key': key.secret },
      { 'x-api-key': 'lk_test_x' },
    ]) {
      const refused = () => ask(gateway, credential, me)
      expect(await madeBy(async () => expect((await refused()).status).toBeGreaterThanOrEqual(401))).toEqual([])
    }
  })
})
