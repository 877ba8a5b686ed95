import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDatabase, testRedis } from '@latchkey/prisma/testing'
import { describe, expect, it } from 'vitest'
import { users } from './users.ts'

const aFolder = () => mkdtempSync(join(tmpdir(), 'commands-'))

describe('users', () => {
  it.each([
    [[]],
    [['import']],
    [['import', 'a', '--with-hashes']],
    [['toString', 'a']],
    [['export', 'a', '--with-hashes', 'b']],
  ])('says how it is called when called with %j', async (values) => {
    await expect(users.run(values, {})).rejects.toThrow(/users import FILE/)
  })

  it.skipIf(!testRedis())('imports a file, and exports what can be imported again', async () => {
    const database = await testDatabase()
    const folder = aFolder()
    const environment = {
      DATABASE_URL: database.url,
      REDIS_URL: testRedis()?.url,
      LATCHKEY_DATA_DIR: aFolder(),
      PATH: process.env.PATH,
    }
    const bcrypt = '$2b$04$JDYhmWWRs1jBPUXYJ0EKW.8GVOQXe2mTbd5SENAO8Bk4vO7r0QeUS'
    const row = (number: number, more: object = {}) =>
      JSON.stringify({
        externalId: `x${number}`,
        email: `person${number}@example.com`,
        emailVerified: true,
        displayName: 'Person',
        ...more,
        roles: ['user'],
        createdAt: '2020-01-01T00:00:00.000Z',
      })
    const rows = Array.from({ length: 450 }, (_, index) => row(index, index === 0 ? { passwordHash: bcrypt } : {}))
    const file = join(folder, 'in.ndjson')
    writeFileSync(file, `${[...rows, '{}'].join('\r\n')}\r\n`)
    expect(await users.run(['import', file, '--dry-run'], environment)).toBe(
      'Dry run, nothing was written: 450 created, 0 updated, 0 unchanged, 1 refused.',
    )
    expect(await users.run(['import', file], environment)).toMatch(/^450 created, 0 updated, 0 unchanged, 1 refused/)
    const out = join(folder, 'out.ndjson')
    expect(await users.run(['export', out, '--with-hashes'], environment)).toMatch(/^450 active accounts/)
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(readFileSync(out, 'utf8').trim().split('\n').sort()).toEqual([...rows].sort())
    await expect(users.run(['export', out], environment)).rejects.toThrow(/never overwritten/)
    expect(await users.run(['import', out], environment)).toMatch(/^0 created, 0 updated, 450 unchanged, 0 refused/)
    const bare = join(folder, 'bare.ndjson')
    await users.run(['export', bare], environment)
    expect(readFileSync(bare, 'utf8')).not.toContain('$2b$')
    await expect(users.run(['import', join(folder, 'none')], environment)).rejects.toThrow(/cannot be read/)
    await database.drop()
  })
})
