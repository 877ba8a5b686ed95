import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@latchkey/prisma'
import { storePatienceMs, testDatabase, testRedis } from '@latchkey/prisma/testing'
import { expect, it } from 'vitest'
import { apiKeys } from './api-keys.ts'

const composed = new URL('../../../supergraph.graphql', import.meta.url)

it.each([[['stale', 'a', 'b']], [['stale', '--all', 'b']]])(
  'says how it is called when called with %j',
  async (values) => {
    await expect(apiKeys.run(values, {})).rejects.toThrow(/api-keys stale \[SUPERGRAPH-FILE\]/)
  },
)

it.skipIf(!testRedis())(
  'names the keys that a composition leaves behind, and fails, before it is served and after',
  async () => {
    const { url, drop } = await testDatabase()
    const database = openDatabase({ url, role: 'latchkey_api_keys', patienceMs: storePatienceMs })
    const access = (...allow: string[]) => ({ access: { allow, deny: [], accepted: allow, denied: [] } })
    const key = (id: string, confinement: object) => ({
      ...{ id, ownerId: 'usr_ada', name: 'a private name', lastFour: 'abcd', pepperId: 'one', confinement },
      ...{ secretMac: new Uint8Array(32), scopes: ['keys:read'], environment: 'test' },
      ...{ createdAt: new Date('2020-01-01'), expiresAt: new Date('2999-01-01') },
    })
    const folder = mkdtempSync(join(tmpdir(), 'commands-'))
    const [next, noGraph] = [join(folder, 'next.graphql'), join(folder, 'none.graphql')]
    writeFileSync(next, readFileSync(composed, 'utf8').replaceAll('displayName:', 'calledName:'))
    writeFileSync(noGraph, 'type Query {')
    const stores = { DATABASE_URL: url, REDIS_URL: testRedis()?.url, LATCHKEY_DATA_DIR: folder, PATH: process.env.PATH }
    await database.prisma.apiKey.createMany({
      data: [
        key('sound0000000', access('Query.me', 'User.id')),
        key('named0000000', access('User.displayName')),
        key('plain0000000', {}),
      ],
    })
    expect(await apiKeys.run(['stale'], stores)).toBe('No access list of a key names what the schema does not have.')
    const named = /^named0000000 {2}User\.displayName\nThe access list of 1 key names what the schema does not have\.$/
    await expect(apiKeys.run(['stale', next], stores)).rejects.toThrow(named)
    expect(await database.prisma.staleAccess.count()).toBe(0)
    const served = { ...stores, LATCHKEY_SUPERGRAPH_FILE: next }
    await expect(apiKeys.run(['stale'], served)).rejects.toThrow(named)
    expect(await database.prisma.staleAccess.findMany()).toMatchObject([{ keyId: 'named0000000' }])
    await expect(apiKeys.run(['stale', noGraph], stores)).rejects.toThrow(
      /none\.graphql cannot be read as a supergraph/,
    )
    await database.close()
    await drop()
  },
  60_000,
)
