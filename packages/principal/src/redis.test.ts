import { createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { testRedis } from '@latchkey/prisma/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openRedis, type Redis } from './redis.ts'

const target = testRedis()

/** A way to Redis on which answers are held back when that is said. */
async function openWay() {
  const url = new URL(target?.url ?? '')
  const { hostname, port } = url
  const open = new Set<Socket>()
  let held: (() => void)[] | null = null
  let asked = ''
  const server = createServer((client) => {
    const upstream = createConnection(Number(port), hostname)
    for (const socket of [client, upstream]) open.add(socket.on('error', () => {}))
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.on('data', (chunk) => {
      asked += chunk
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (held) held.push(() => client.write(chunk))
      else client.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url.port = String(typeof address === 'object' && address?.port)
  return {
    url: url.href,
    hold() {
      held ??= []
      asked = ''
    },
    giveWhatIsHeld() {
      for (const give of held ?? []) give()
      held = null
    },
    /** How often a command was sent since answers are held back. */
    asked: (command: string) => asked.toLowerCase().split(`\r\n${command}\r\n`).length - 1,
    close() {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}

describe.skipIf(!target)('a Redis that answers late', () => {
  let way: Awaited<ReturnType<typeof openWay>>
  let redis: Redis
  const opened = async (patienceMs?: number) => {
    redis = openRedis(way.url, patienceMs)
    await redis.connect()
    return redis
  }
  beforeEach(async () => {
    way = await openWay()
  })
  afterEach(() => {
    redis.disconnect()
    way.close()
  })
  const answersAgain = () =>
    vi.waitFor(async () => expect(await redis.get('nothing')).toBeNull(), { timeout: 60_000, interval: 10 })

  it('is asked once by a request that asks again and again, and serves again as soon as it is in time', async () => {
    await opened()
    await answersAgain()
    way.hold()
    const chain = async () => {
      for (let turn = 0; turn < 6; turn++) await redis.get('nothing')
    }
    await expect(chain()).rejects.toThrow('it answers late')
    await expect(redis.get('nothing')).rejects.toThrow('it answers late')
    expect(way.asked('get')).toBe(1)
    way.giveWhatIsHeld()
    await answersAgain()
  })

  it('is not waited for by a pipeline either, nor asked by the next one', async () => {
    await opened()
    await answersAgain()
    way.hold()
    for (let turn = 0; turn < 2; turn++) {
      const answers = await redis.pipeline().get('nothing').get('nothing').get('nothing').exec()
      expect(answers?.map(([error]) => error?.message)).toEqual(Array(3).fill('it answers late'))
    }
    expect(way.asked('get')).toBe(3)
  })

  it('is waited for as long as patience lasts, by commands and by what keeps the connection', async () => {
    await opened(30_000)
    const ends = vi.fn()
    redis.on('close', ends)
    way.hold()
    const answer = redis.get('nothing')
    await pause(2_500)
    way.giveWhatIsHeld()
    expect(await answer).toBeNull()
    expect(ends).not.toHaveBeenCalled()
  })
})

it.skipIf(!target)('an answer that waited for this process is given, however long it stood still', async () => {
  const redis = openRedis(target?.url ?? '', 1_500)
  await redis.connect()
  const answer = redis.get('nothing')
  const untilMs = performance.now() + 2_000
  while (performance.now() < untilMs);
  expect(await answer).toBeNull()
  expect(await redis.get('nothing')).toBeNull()
  redis.disconnect()
})
