import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDatabase, testRedis } from '@latchkey/prisma/testing'
import { describe, expect, it } from 'vitest'
import { grantRole } from './grant-role.ts'
import { keyring } from './keyring.ts'

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
    expect(Buffer.from(shown, 'base64')).toHaveLength(44)
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
