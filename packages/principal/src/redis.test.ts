import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { testRedis } from '@latchkey/prisma/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openRedis, type Redis } from './redis.ts'

const target = testRedis()

describe.skipIf(!target)('a Redis that answers 250 ms late', () => {
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
    lateMs = 250
    const startedAt = performance.now()
    const chain = async () => {
      for (let turn = 0; turn < 6; turn++) await redis.get('nothing')
    }
    await expect(chain()).rejects.toThrow('it answers late')
    expect(performance.now() - startedAt).toBeLessThan(400)
    const before = performance.now()
    await expect(redis.get('nothing')).rejects.toThrow('it answers late')
    expect(performance.now() - before).toBeLessThan(20)
    lateMs = 0
    await vi.waitFor(async () => expect(await redis.get('nothing')).toBeNull(), { timeout: 2_000, interval: 10 })
  })
})
