import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@latchkey/prisma'
import { testDatabase, testRedis } from '@latchkey/prisma/testing'
import { expect, it } from 'vitest'
import { audit } from './audit.ts'

it.each([[[]], [['check']], [['verify', '--checkpoint']], [['verify', '--past', 'ab']], [['checkpoint', 'now']]])(
  'audit says how it is called when called with %j',
  async (values) => {
    await expect(audit.run(values, {})).rejects.toThrow('audit verify --checkpoint HEX')
  },
)

it.skipIf(!testRedis())(
  'audit verify names what was altered, and refuses; with a checkpoint also what was cut off',
  async () => {
    const { url, drop } = await testDatabase()
    const environment = {
      DATABASE_URL: url,
      REDIS_URL: testRedis()?.url,
      LATCHKEY_DATA_DIR: mkdtempSync(join(tmpdir(), 'audit-')),
      PATH: process.env.PATH,
      LATCHKEY_LOG_LEVEL: 'silent',
    }
    const owner = openDatabase({ url, poolMax: 1 })
    const attack = (text: string) => owner.query({ name: `attack ${text.slice(0, 40)}`, text }, [])
    await attack(`INSERT INTO sessions.audit_records (id, at, actor_kind, action, outcome, request_id)
    SELECT 'r' || n, now(), 'anonymous', 'session.begin', 'done', 'req' FROM generate_series(1, 3) n`)
    const checkpoint = String(await audit.run(['checkpoint'], environment))
    expect(checkpoint).toMatch(/^[0-9a-f]{234}$/)
    expect(await audit.run(['verify', '--checkpoint', checkpoint], environment)).toBe(
      'users: 0 records are as they were written; 0 wait for their place\n' +
        'sessions: 3 records are as they were written; 0 wait for their place\n' +
        'api-keys: 0 records are as they were written; 0 wait for their place',
    )
    await expect(audit.run(['verify', '--checkpoint', 'beef'], environment)).rejects.toThrow('no checkpoint')
    await attack("UPDATE sessions.audit_records SET actor_id = 'usr_eve' WHERE id = 'r2'")
    await expect(audit.run(['verify'], environment)).rejects.toThrow(
      'sessions: NOT as it was written: record r2, link 2, was altered or moved',
    )
    for (const table of ['records', 'links', 'heads']) await attack(`DELETE FROM sessions.audit_${table}`)
    expect(await audit.run(['verify'], environment)).toContain('sessions: 0 records')
    await expect(audit.run(['verify', '--checkpoint', checkpoint], environment)).rejects.toThrow(
      'links 1 to 3 are gone',
    )
    await owner.close()
    await drop()
  },
)
