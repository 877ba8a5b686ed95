import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDatabase, testRedis } from '@latchkey/prisma/testing'
import { describe, expect, it } from 'vitest'
import { grantRole } from './grant-role.ts'
import { keyring } from './keyring.ts'
import { dataKeys, eraseUser, erasures, identifiers } from './privacy.ts'

const aFolder = () => mkdtempSync(join(tmpdir(), 'commands-'))

describe('keyring', () => {
  it('makes a keyring, and from it the part of one service', async () => {
    const folder = aFolder()
    const whole = join(folder, 'keyring.json')
    await keyring.run(['create', whole], {})
    await keyring.run(['slice', whole, 'users', join(folder, 'users.json')], {})
    expect(JSON.parse(readFileSync(join(folder, 'users.json'), 'utf8'))).toMatchObject({ service: 'users' })
    await expect(keyring.run(['create', whole], {})).rejects.toThrow(/never overwritten/)
  })

  it('shows the public key of the installation’s gateway, the same each time', async () => {
    const environment = { LATCHKEY_DATA_DIR: aFolder() }
    const shown = await keyring.run(['public-key', 'gateway'], environment)
    expect(Buffer.from(String(shown), 'base64')).toHaveLength(44)
    expect(await keyring.run(['public-key', 'gateway'], environment)).toBe(shown)
  })

  it.each([[[]], [['create']], [['slice', 'a', 'b']], [['toString', 'a']], [['create', 'a', 'b']]])(
    'says how it is called when called with %j',
    async (values) => {
      await expect(keyring.run(values, {})).rejects.toThrow(/keyring create FILE/)
    },
  )
})

describe('grant-role', () => {
  it('says how it is called', async () => {
    await expect(grantRole.run(['ada@example.com'], {})).rejects.toThrow(/grant-role EMAIL ROLE/)
  })

  it.skipIf(!testRedis())('without a running process goes to the stores, and says what is unknown', async () => {
    const database = await testDatabase()
    const environment = {
      DATABASE_URL: database.url,
      REDIS_URL: testRedis()?.url,
      LATCHKEY_DATA_DIR: aFolder(),
      PATH: process.env.PATH,
    }
    await expect(grantRole.run(['ada@example.com', 'admin'], environment)).rejects.toThrow(/no account ada@example.com/)
    await expect(grantRole.run(['ada@example.com', 'wizard'], environment)).rejects.toThrow(/no role wizard|no account/)
    await database.drop()
  })
})

describe('people and their keys', () => {
  it.each([
    [eraseUser, []],
    [eraseUser, ['a', 'b']],
    [erasures, ['export']],
    [erasures, ['burn', 'file']],
    [erasures, ['replay', 'file', 'more']],
    [identifiers, []],
    [identifiers, ['reindex', '--retire']],
    [identifiers, ['reindex', '--remove', 'k']],
    [dataKeys, []],
    [dataKeys, ['reseal', 'all']],
  ])('say how they are called (%#)', async (command, values) => {
    await expect(command.run(values, {})).rejects.toThrow(command.forms[0])
  })

  it.skipIf(!testRedis())('go to the stores where no process runs, and say what came of it', async () => {
    const database = await testDatabase()
    const folder = aFolder()
    const environment = {
      DATABASE_URL: database.url,
      REDIS_URL: testRedis()?.url,
      LATCHKEY_DATA_DIR: folder,
      PATH: process.env.PATH,
      LATCHKEY_LOG_LEVEL: 'silent',
    }
    await expect(eraseUser.run(['ada@example.com'], environment)).rejects.toThrow(
      'There is no account ada@example.com.',
    )
    const file = join(folder, 'ledger.ndjson')
    writeFileSync(file, '{"accountId":"usr_old","erasedAt":"2030-01-01T00:00:00.000Z"}\n')
    expect(await erasures.run(['replay', file], environment)).toMatch(/^1 erasure replayed: 0 accounts had come back/)
    const written = join(folder, 'written.ndjson')
    expect(await erasures.run(['export', written], environment)).toContain('holds 1 erasure.')
    expect(readFileSync(written, 'utf8')).toBe(readFileSync(file, 'utf8'))
    expect(statSync(written).mode & 0o777).toBe(0o600)
    writeFileSync(file, `${readFileSync(written, 'utf8')}nonsense\n`)
    await expect(erasures.run(['replay', file], environment)).rejects.toThrow(/line 2 is no entry.*Nothing was erased/)
    expect(await identifiers.run(['reindex'], environment)).toMatch(/^0 rows added .* nothing is kept yet/)
    expect(await identifiers.run(['reindex', '--retire', 'k0'], environment)).toContain('0 rows of k0 removed')
    expect(await dataKeys.run(['reseal'], environment)).toContain('0 data keys sealed anew')
    await database.drop()
  })
})
