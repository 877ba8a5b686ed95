import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { redisCredentialRecords } from '../records/credential-records.redis.ts'
import { openRedis, type Redis } from '../redis.ts'
import { tellsAccountNews } from './account-news.contract.ts'
import { redisAccountNews } from './account-news.redis.ts'
import type { AccountNews, News } from './account-news.ts'

const server = testRedis()

describe.skipIf(!server)('through Redis', () => {
  const undo: (() => void)[] = []
  afterAll(() => {
    for (const step of undo) step()
  })

  async function connected(): Promise<Redis> {
    const redis = openRedis(server?.url ?? '', storePatienceMs)
    await redis.connect()
    undo.push(() => redis.disconnect())
    return redis
  }

  async function newsOn(prefix: string): Promise<AccountNews> {
    const news = redisAccountNews({ redis: await connected(), prefix })
    undo.push(news.close)
    return news
  }

  async function breakEars(redis: Redis, prefix: string): Promise<void> {
    const clients = String(await redis.client('LIST', 'TYPE', 'PUBSUB')).split('\n')
    const ids = clients.flatMap((line) =>
      line.includes(` name=${prefix}news `) ? (/^id=(\d+)/.exec(line)?.[1] ?? []) : [],
    )
    expect(ids).toHaveLength(1)
    for (const id of ids) await redis.client('KILL', 'ID', id)
  }

  const aPrefix = () => testRedis()?.prefix ?? ''

  tellsAccountNews(async () => {
    const prefix = aPrefix()
    return [await newsOn(prefix), await newsOn(prefix)]
  })

  it('are lost once when the connection breaks, and heard again by who listens anew', async () => {
    const [prefix, redis] = [aPrefix(), await connected()]
    const news = await newsOn(prefix)
    let lost = 0
    const ear = { heard: () => {}, lost: () => lost++ }
    await news.listen('usr_1', ear)
    await news.listen('usr_2', ear)
    await breakEars(redis, prefix)
    await expect.poll(() => lost).toBe(2)
    const heard: News[] = []
    const again = async () => {
      await news.listen('usr_1', { heard: (one) => heard.push(one), lost: () => {} })
      return 'listening'
    }
    await expect.poll(() => again().catch(() => 'not yet')).toBe('listening')
    await news.tell({ accountId: 'usr_1', news: { credentials: 'changed' } })
    await expect.poll(() => heard).toHaveLength(1)
    expect(lost).toBe(2)
  })

  it('come with every change of a record, in the same step', async () => {
    const [prefix, redis] = [aPrefix(), await connected()]
    const [news, records] = [await newsOn(prefix), redisCredentialRecords({ redis, prefix })]
    const heard: string[] = []
    for (const who of ['usr_1', 'usr_2'])
      await news.listen(who, { heard: ({ credentials }) => heard.push(`${who} ${credentials}`), lost: () => {} })
    const grants = { userId: 'usr_1', epoch: 2, active: true, roles: [], scopes: [] }
    await records.putGrants(grants)
    await expect.poll(() => heard.splice(0)).toEqual(['usr_1 changed'])
    await records.putManyGrants([{ ...grants, userId: 'usr_2' }])
    await expect.poll(() => heard.splice(0)).toEqual(['usr_2 changed'])
    await records.forgetGrants('usr_1')
    await expect.poll(() => heard.splice(0)).toEqual(['usr_1 changed'])
    const key = { keyId: 'K1', version: 1, ownerId: 'usr_2', secretMac: 'mac', pepperId: 'p', scopes: [] }
    await records.putApiKey({ ...key, environment: 'test', expiresAtMs: null, revokedAtMs: null })
    await expect.poll(() => heard.splice(0)).toEqual(['usr_2 changed'])
  })
})
