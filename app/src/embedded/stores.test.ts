import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemEntropy as entropy } from '@latchkey/clock'
import { testDatabase, testRedis } from '@latchkey/prisma/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StoreSource } from '../config.ts'
import { isFault } from './fault.ts'
import { freePort } from './ports.ts'
import { openStores } from './stores.ts'

const at = (url: string): StoreSource => ({ kind: 'address', url })

function openWith(sources: { readonly database: StoreSource; readonly redis: StoreSource }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-stores-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  return openStores({ config: { ...sources, dataDir }, entropy, path: '/nonexistent' })
}

async function aDatabase(): Promise<string> {
  const { url, drop } = await testDatabase()
  onTestFinished(drop)
  return url
}

/** The one line of its refusal. */
async function refusalOf(opening: Promise<unknown>): Promise<string> {
  const thrown = await opening.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(isFault(thrown)).toBe(true)
  const { message } = thrown as Error
  expect(message).not.toContain('\n')
  return message
}

describe('a store at an address', () => {
  it('is used as it is, and none is started', async () => {
    const url = await aDatabase()
    const stores = await openWith({ database: at(url), redis: { kind: 'embedded' } })
    expect(stores).toMatchObject({ databaseUrl: url, redisUrl: null })
    await stores.stop()
  })

  it('that does not answer stops the start, without showing its password', async () => {
    const port = await freePort()
    const database = at(`postgresql://app:hidden@127.0.0.1:${port}/latchkey`)
    const line = await refusalOf(openWith({ database, redis: { kind: 'embedded' } }))
    expect(line).toContain(`DATABASE_URL: 127.0.0.1:${port} does not answer (ECONNREFUSED)`)
    expect(line).not.toContain('hidden')
  })

  it('that refuses us stops the start, too', async () => {
    const url = new URL(await aDatabase())
    url.password = 'wrong'
    expect(await refusalOf(openWith({ database: at(url.href), redis: { kind: 'embedded' } }))).toContain(
      'refuses us (password authentication failed',
    )
  })

  it('is Redis as well', async () => {
    const port = await freePort()
    const opening = openWith({ database: at(await aDatabase()), redis: at(`redis://:hidden@127.0.0.1:${port}`) })
    const line = await refusalOf(opening)
    expect(line).toContain(`REDIS_URL: 127.0.0.1:${port} does not answer (ECONNREFUSED)`)
    expect(line).not.toContain('hidden')
  })

  it.skipIf(!testRedis())('is Redis with its password, or not at all', async () => {
    const url = new URL(testRedis()?.url ?? '')
    const database = at(await aDatabase())
    const stores = await openWith({ database, redis: at(url.href) })
    expect(stores.redisUrl).toBe(url.href)
    url.password = 'wrong'
    expect(await refusalOf(openWith({ database, redis: at(url.href) }))).toContain('WRONGPASS')
  })
})
