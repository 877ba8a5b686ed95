import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { untilHad, untilThere } from './waiting-room.ts'

async function aPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens
  server.close()
  await once(server, 'close')
  return port
}

describe('a process whose stores are not there yet', () => {
  it('lives, is not ready, takes nothing, and goes on once all of them are', async () => {
    const port = await aPort()
    const there = { database: false, redis: false }
    const told: string[] = []
    const ask = (name: keyof typeof there) => async () => {
      if (!there[name]) throw new Error(`no ${name}`)
    }
    let isOver = false
    const waited = untilThere({
      ...{ host: '127.0.0.1', port, pauseMs: 5, promptlyMs: 0 },
      stores: { database: ask('database'), redis: ask('redis') },
      tell: (name, fault) => told.push(`${name}: ${(fault as Error).message}`),
    }).then(() => {
      isOver = true
    })
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    await expect.poll(() => status('/health/live').catch(() => 0)).toBe(200)
    expect(await Promise.all(['/health/ready', '/health/serving', '/graphql'].map(status))).toEqual([503, 503, 503])
    there.database = true
    expect([await status('/health/ready'), isOver]).toEqual([503, false])
    there.redis = true
    await waited
    expect(told.sort()).toEqual(['database: no database', 'redis: no redis'])
    await expect(status('/health/live')).rejects.toThrow()
  })

  it('keeps its door shut while they may be there in a moment, so that nothing is sent to it in vain', async () => {
    const port = await aPort()
    const told: string[] = []
    let asked = 0
    const waited = untilThere({
      ...{ host: '127.0.0.1', port, promptlyMs: 60_000 },
      stores: {
        redis: async () => {
          asked += 1
          await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow()
          if (asked < 3) throw new Error('not yet')
        },
      },
      tell: (name) => told.push(name),
    })
    await waited
    expect([asked, told]).toEqual([3, []])
  })

  it('says when its address is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo // a TCP server that listens
    const stores = { redis: () => Promise.reject(new Error('away')) }
    const waited = untilThere({ host: '127.0.0.1', port, stores, promptlyMs: 0, tell: () => {} })
    await expect(waited).rejects.toThrow('EADDRINUSE')
    taken.close()
  })
})

describe('a process that has to hold something', () => {
  const away = new Error('away')
  const wanted = <Had>(get: () => Promise<Had>) => ({
    name: 'keyring',
    get,
    isAway: (thrown: unknown) => thrown === away,
  })

  it('waits for it while it is away, and has what was given in the end', async () => {
    let asked = 0
    const get = async () => {
      asked += 1
      if (asked < 3) throw away
      return 'the keyring'
    }
    const place = { HOST: '127.0.0.1', PORT: await aPort() }
    expect(await untilHad(place, wanted(get), { warn: () => {} })).toBe('the keyring')
    expect(asked).toBe(3)
  })

  it('fails at once with what will not be otherwise', async () => {
    const get = () => Promise.reject(new Error('broken'))
    await expect(untilHad({ HOST: '127.0.0.1', PORT: 0 }, wanted(get), { warn: () => {} })).rejects.toThrow('broken')
  })
})
