import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestDatabase, testDatabase, testRedis } from '@latchkey/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiKeys } from './api-keys.ts'

const aFolder = () => mkdtempSync(join(tmpdir(), 'commands-'))

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
  ])('says how it is called when called with %j', async (values) => {
    await expect(apiKeys.run(values, {})).rejects.toThrow(/api-keys export FILE/)
  })
})

describe.skipIf(!testRedis())('without a running process', () => {
  const folder = aFolder()
  const dataDir = aFolder()
  let [database, empty]: TestDatabase[] = []
  beforeAll(async () => {
    database = await testDatabase()
    empty = await testDatabase()
  })
  afterAll(() => Promise.all([database?.drop(), empty?.drop()]))

  const at = (where: TestDatabase | undefined, ...values: string[]) =>
    apiKeys.run(values, {
      ...{ DATABASE_URL: where?.url, REDIS_URL: testRedis()?.url, LATCHKEY_DATA_DIR: dataDir },
      ...{ PATH: process.env.PATH, LATCHKEY_LOG_LEVEL: 'silent' },
    })
  const row = (number: number, more: object = {}) =>
    JSON.stringify({
      ...{ externalId: `x${number}`, ownerId: `usr_${number % 20}`, name: `key ${number}`, scopes: ['profile:read'] },
      hash: { format: 'SHA256', value: createHash('sha256').update(`text ${number}`).digest('hex') },
      ...more,
    })
  const [file, out] = [join(folder, 'in.ndjson'), join(folder, 'out.ndjson')]

  it('rows of another system are all taken or none, or all but the refused', async () => {
    const rows = Array.from({ length: 600 }, (_, number) => row(number))
    writeFileSync(file, `${[...rows, row(600, { scopes: ['no:such'] })].join('\n')}\n`)
    expect(await at(database, 'import', file, '--dry-run')).toBe(
      'Dry run, nothing was written: 600 added, 0 updated, 0 the same, 0 left as they are, 1 refused.',
    )
    await expect(at(database, 'import', file)).rejects.toThrow(/^Nothing was written: 600 added/)
    expect(await at(database, 'import', file, '--skip-refused')).toMatch(/^600 added.* 1 refused\.$/)
  })

  it('keys go into a new file that only its owner can read, and from there into another database', async () => {
    expect(await at(database, 'export', out)).toMatch(/^600 keys in .*out\.ndjson/)
    expect(statSync(out).mode & 0o777).toBe(0o600)
    await expect(at(database, 'export', out)).rejects.toThrow(/never overwritten/)
    expect(await at(empty, 'import', out)).toBe('600 added, 0 updated, 0 the same, 0 left as they are, 0 refused.')
  })

  it('a file that is cut short is refused, and so is none', async () => {
    const cut = join(folder, 'cut.ndjson')
    writeFileSync(cut, readFileSync(out, 'utf8').split('\n').slice(0, 550).join('\n'))
    await expect(at(empty, 'import', cut)).rejects.toThrow(/^Nothing was written/)
    await expect(at(empty, 'import', join(folder, 'none'))).rejects.toThrow(/cannot be read/)
    await expect(at(empty, 'export', join(folder, 'no', 'where'))).rejects.toThrow(/cannot be written/)
  })

  it('keys are counted under each pepper, and one that is needed may not go', async () => {
    const told = await at(database, 'peppers')
    expect(told).toMatch(/none yet, .*: 600 keys, of which 600 may work yet/)
    const [, newest = ''] = /^(\w+), makes what is new: 0 keys/.exec(told) ?? []
    await expect(at(database, 'peppers', '--retire', newest)).rejects.toThrow(/makes what is new/)
    expect(await at(database, 'peppers', '--retire', 'gone')).toContain('No key stands under gone')
  })
})
