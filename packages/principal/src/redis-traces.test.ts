import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import { keptTraces } from '@latchkey/telemetry/testing'
import { traceBy, tracedFromHere } from '@latchkey/telemetry/traces'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openRedis, type Redis } from './redis.ts'

const target = testRedis()

describe.skipIf(!target)('Redis in a trace', () => {
  /** What a request is told to have asked of Redis. */
  async function askedBy(request: (redis: Redis, prefix: string) => Promise<unknown>) {
    const { tracer, kept } = keptTraces()
    const redis = openRedis(target?.url ?? '', storePatienceMs)
    onTestFinished(() => {
      traceBy(null)
      redis.disconnect()
    })
    await redis.connect()
    traceBy(tracer)
    await redis.get('before')
    await tracedFromHere(undefined, { name: 'request', kind: 'server' }, () => request(redis, target?.prefix ?? ''))
    return kept.filter(({ name }) => name !== 'request')
  }

  it('commands are told by name, and nothing of what they say', async () => {
    const kept = await askedBy((redis, prefix) => redis.set(`${prefix}ada@example.com`, 'planted', 'EX', 1))
    expect(kept).toMatchObject([{ name: 'redis set', parent: 'request', state: 'ended' }])
    expect(JSON.stringify(kept)).not.toMatch(/ada|planted/)
  })

  it('a pipeline is one part', async () => {
    const kept = await askedBy((redis) => redis.pipeline().get('a').get('b').get('c').exec())
    expect(kept.map(({ name }) => name)).toEqual(['redis get'])
  })
})
