import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { testRedis } from '@latchkey/prisma/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openRedis, type Redis } from './redis.ts'

const target = testRedis()

/** While this process is held up an answer may have waited for it, and is not late. */
async function untilCalm(): Promise<void> {
  for (let calm = 0; calm < 4; ) {
    const startedAt = performance.now()
    await pause(25)
    calm = performance.now() - startedAt < 50 ? calm + 1 : 0
  }
}

describe.skipIf(!target)('a Redis that answers 380 ms late', () => {
  let server: Server
  let redis: Redis
  let lateMs = 0
  const open = new Set<Socket>()
  beforeEach(async () => {
    lateMs = 0
    const url = new URL(target?.url ?? '')
    const { hostname, port } = url
    server = createServer((client) => {
      const upstream = createConnection(Number(port), hostname)
      open.add(client)
      client.on('close', () => upstream.destroy()).on('error', () => {})
      upstream.on('error', () => client.destroy())
      client.pipe(upstream)
      upstream.on('data', async (chunk) => {
        await pause(lateMs)
        client.write(chunk)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url.port = String(typeof address === 'object' && address?.port)
    redis = openRedis(url.href)
    await redis.connect()
  })
  afterEach(() => {
    redis.disconnect()
    for (const client of open) client.destroy()
    server.close()
  })

  it('is asked once by a request that asks again and again, and serves again as soon as it is in time', async () => {
    expect(await redis.get('nothing')).toBeNull()
    await untilCalm()
    lateMs = 380
    const startedAt = performance.now()
    const chain = async () => {
      for (let turn = 0; turn < 6; turn++) await redis.get('nothing')
    }
    await expect(chain()).rejects.toThrow('it answers late')
    // Sooner than the first answer comes: whoever waited for it would wait once more elsewhere.
    expect(performance.now() - startedAt).toBeLessThan(350)
    const before = performance.now()
    await expect(redis.get('nothing')).rejects.toThrow('it answers late')
    expect(performance.now() - before).toBeLessThan(20)
    lateMs = 0
    await vi.waitFor(async () => expect(await redis.get('nothing')).toBeNull(), { timeout: 2_000, interval: 10 })
  })

  it('is not waited for by a pipeline either, nor asked by the next one', async () => {
    const pipeline = () => redis.pipeline().get('nothing').get('nothing').get('nothing').exec()
    expect(await pipeline()).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ])
    await untilCalm()
    lateMs = 380
    for (const withinMs of [350, 20]) {
      const startedAt = performance.now()
      const answers = await pipeline()
      expect(performance.now() - startedAt).toBeLessThan(withinMs)
      expect(answers?.map(([error]) => error?.message)).toEqual(Array(3).fill('it answers late'))
    }
  })
})

it.skipIf(!target)('an answer that waited for this process is given, however long it stood still', async () => {
  const redis = openRedis(target?.url ?? '')
  await redis.connect()
  const answer = redis.get('nothing')
  const untilMs = performance.now() + 700
  while (performance.now() < untilMs);
  expect(await answer).toBeNull()
  expect(await redis.get('nothing')).toBeNull()
  redis.disconnect()
})
