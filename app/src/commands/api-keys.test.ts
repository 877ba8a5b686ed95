import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@latchkey/prisma'
import { storePatienceMs, testDatabase, testRedis } from '@latchkey/prisma/testing'
import { describe, expect, it } from 'vitest'
import { apiKeys } from './api-keys.ts'

describe('api-keys', () => {
  it.each([
    [[]],
    [['export']],
    [['export', 'a', 'b']],
    [['import', 'a', '--with-hashes']],
    [['import', 'a', '--dry-run', 'b']],
    [['peppers', '--retire']],
    [['peppers', 'old']],
    [['toString', 'a']],
    [['unused']],
    [['unused', '--days']],
    [['unused', '--days', '0']],
    [['unused', '--days', '366']],
    [['unused', '--days', 'many']],
    [['unused', '--days', '30', 'more']],
  ])('says how it is called when called with %j', async (values) => {
    await expect(apiKeys.run(values, {})).rejects.toThrow(/api-keys export FILE/)
  })

  it.skipIf(!testRedis())('lists the keys that nothing has used, without what owners call them', async () => {
    const { url, drop } = await testDatabase()
    const database = openDatabase({ url, role: 'latchkey_api_keys', patienceMs: storePatienceMs })
    const key = (id: string, createdAt: string) => ({
      ...{ id, ownerId: 'svc_nightly', name: 'a private name', lastFour: 'abcd', pepperId: 'one' },
      ...{ secretMac: new Uint8Array(32), scopes: ['orders:read'], environment: 'test' },
      ...{
        createdAt: new Date(createdAt),
        expiresAt: new Date('2999-01-01'),
      },
    })
    await database.prisma.apiKey.createMany({
      data: [
        key('neverUsed000', '2020-01-01'),
        key('longUnused00', '2019-01-01'),
        key('justMade0000', new Date().toISOString()),
        key('justUsed0000', '2020-01-01'),
      ],
    })
    await database.prisma.lastUse.createMany({
      data: [
        { keyId: 'longUnused00', at: new Date('2020-06-01'), operationId: '' },
        { keyId: 'justUsed0000', at: new Date(), operationId: '' },
      ],
    })
    const folder = mkdtempSync(join(tmpdir(), 'commands-'))
    const stores = { DATABASE_URL: url, REDIS_URL: testRedis()?.url, LATCHKEY_DATA_DIR: folder }
    expect(await apiKeys.run(['unused', '--days', '30'], { ...stores, PATH: process.env.PATH })).toBe(
      [
        'lk_test_neverUsed000  owner svc_nightly  made 2020-01-01T00:00:00.000Z  never used',
        'lk_test_longUnused00  owner svc_nightly  made 2019-01-01T00:00:00.000Z  last used 2020-06-01T00:00:00.000Z',
        '2 keys were not used for 30 days.',
      ].join('\n'),
    )
    await database.close()
    await drop()
  })
})
