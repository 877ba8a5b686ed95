/** Postgres and Redis in trouble: nothing let in that should not be, nothing lost, and back at work with the store; how long answers take is told. */
import { openRedis, type Redis } from '@latchkey/principal/redis'
import { storePatienceMs } from '@latchkey/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fault, type FaultyWay, openFaultyWay } from '../support/faulty-way.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'
import { startOwnRedis } from '../support/own-redis.ts'
import { rounds } from '../support/rounds.ts'
import { inEveryTopology, startTopology, type Topology, type TopologyName } from '../support/topology.ts'
import { type Findings, type HouseInUse, houseInUse, storePatience, withoutBudgets } from '../support/under-load.ts'
import { postgresTroubles, readyForTroubles } from './stores/postgres.ts'
import { redisTroubles } from './stores/redis.ts'

const faults: readonly Fault[] = ['slow', 'frozen', 'forgotten', 'gone', 'cut', 'garbage']
const goesOnMs = 1_050

type Rows = readonly string[]
const all: { readonly postgres: Rows; readonly redis: Rows } = {
  postgres: ['nothing', ...Object.keys(postgresTroubles), ...faults],
  redis: [...Object.keys(redisTroubles), ...faults],
}
/** From day to day each in one topology, of Postgres a few; all of them in both when rounds are asked for. */
const daily: Readonly<Record<TopologyName, typeof all>> = {
  embedded: { postgres: ['stopped', 'locked tables'], redis: ['read-only', 'gone', 'cut', 'garbage'] },
  distributed: { postgres: ['killed', 'slow'], redis: ['full', 'paused', 'slow', 'frozen', 'forgotten'] },
}
const rowsOf = (name: TopologyName) => (rounds > 1 ? all : daily[name])

inEveryTopology((name) => {
  let stores: Stores
  let house: Topology
  let inUse: HouseInUse
  beforeAll(async () => {
    stores = await openStores()
    house = await startTopology(name, {
      ...{ waits: 'usual', redisUrl: stores.redisWay.url, between: async () => stores.postgresWay },
      settings: { ...withoutBudgets, ...storePatience },
    })
    inUse = await houseInUse(house.gateways)
  })
  afterAll(async () => {
    stores?.heal()
    await house?.stop()
    await stores?.stop()
  })

  const failing = (way: FaultyWay, fault: Fault) => async () => {
    way.fail(fault)
    return () => way.fail('none')
  }

  function whereInTrouble(store: string, rows: Rows, begin: (row: string) => () => Promise<() => unknown>): void {
    describe(`where ${store} is in trouble`, () => {
      const found: Record<string, Findings> = {}
      afterAll(() => console.table(found))
      it.each(rows)('%s: nobody is let in, nothing is lost', async (row) => {
        const findings = await inUse.endure(begin(row), goesOnMs)
        found[row] = findings
        expect(findings).toMatchObject({ failOpen: 0, lost: 0 })
      })
    })
  }

  whereInTrouble('Postgres', rowsOf(name).postgres, (row) => {
    const { postgres, postgresWay } = stores
    if (row === 'nothing') return async () => () => {}
    const trouble = postgresTroubles[row]
    return trouble ? () => trouble(postgres, postgresWay) : failing(postgresWay, row as Fault)
  })

  whereInTrouble('Redis', rowsOf(name).redis, (row) => {
    const { redis, redisWay } = stores
    const trouble = redisTroubles[row]
    return trouble ? () => trouble(redis) : failing(redisWay, row as Fault)
  })
})

interface Stores {
  readonly postgres: OwnPostgres
  readonly postgresWay: FaultyWay
  readonly redis: Redis
  readonly redisWay: FaultyWay
  /** Nothing is in the way any more. */
  heal(): void
  stop(): Promise<void>
}

/** One of each, and a way to each that can fail. */
async function openStores(): Promise<Stores> {
  const [postgres, ownRedis] = await Promise.all([startOwnPostgres(), startOwnRedis()])
  await readyForTroubles(postgres)
  const redis = openRedis(ownRedis.url, storePatienceMs)
  await redis.connect()
  const [postgresWay, redisWay] = [await openFaultyWay(postgres.url()), await openFaultyWay(ownRedis.url)]
  return {
    ...{ postgres, postgresWay, redis, redisWay },
    heal() {
      for (const way of [postgresWay, redisWay]) way.fail('none')
    },
    async stop() {
      for (const way of [postgresWay, redisWay]) way.close()
      redis.disconnect()
      await postgres.stop()
      await ownRedis.stop()
    },
  }
}
