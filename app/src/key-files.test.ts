import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemEntropy } from '@latchkey/clock'
import { testDatabase, testRedis } from '@latchkey/prisma/testing'
import { createKeyringFile } from '@latchkey/secrets/file'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Application, assemble } from './assemble.ts'
import { parseConfig } from './config.ts'
import { openFoundation, type Undo } from './foundation.ts'

const quiet = {
  step: <Value>(_: string, work: () => Promise<Value> | Value) => Promise.resolve(work()),
  note: () => {},
}

describe.skipIf(!testRedis())('keys in files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'key-files-'))
  const undo: Undo[] = []
  let [database, empty]: Application[] = []
  beforeAll(async () => {
    createKeyringFile(keyring, systemEntropy)
    database = await anApplication()
    empty = await anApplication()
  })
  afterAll(async () => {
    for (const step of undo.reverse()) await step()
  })

  const keyring = join(folder, 'keyring.json')
  const environment = { LATCHKEY_KEYRING_FILE: keyring, PATH: process.env.PATH, LATCHKEY_LOG_LEVEL: 'silent' }
  /** Over a database of its own; all under one keyring. */
  async function anApplication(): Promise<Application> {
    const { url, drop } = await testDatabase()
    undo.push(drop)
    const dataDir = mkdtempSync(join(folder, 'data-'))
    const own = { DATABASE_URL: url, REDIS_URL: testRedis()?.url, LATCHKEY_DATA_DIR: dataDir }
    const config = parseConfig({ ...environment, ...own })
    const { foundation } = await openFoundation(config, { environment, progress: quiet, undo })
    const application = assemble(foundation)
    undo.push(application.close)
    return application
  }

  const at = async (where: Application | undefined, what: string, ...values: string[]): Promise<string> => {
    const [act, telling] = [where?.keyOffice[`api-keys ${what}`], where?.keyFiles[`api-keys ${what}`]]
    return (await act?.(...values)) ?? (await telling?.(() => {}, ...values)) ?? ''
  }
  const row = (number: number, more: object = {}) =>
    JSON.stringify({
      ...{ externalId: `x${number}`, ownerId: `usr_${number % 20}`, name: `key ${number}`, scopes: ['profile:read'] },
      hash: { format: 'SHA256', value: createHash('sha256').update(`text ${number}`).digest('hex') },
      ...more,
    })
  const [file, out] = [join(folder, 'in.ndjson'), join(folder, 'out.ndjson')]

  it('rows of another system are all taken or none, or all but the refused', async () => {
    const rows = Array.from({ length: 510 }, (_, number) => row(number))
    writeFileSync(file, `${[...rows, row(510, { scopes: ['no:such'] })].join('\n')}\n`)
    expect(await at(database, 'import', file, '--dry-run')).toBe(
      'Dry run, nothing was written: 510 added, 0 updated, 0 the same, 0 left as they are, 1 refused.',
    )
    await expect(at(database, 'import', file)).rejects.toThrow(/^Nothing was written: 510 added/)
    expect(await at(database, 'import', file, '--skip-refused')).toMatch(/^510 added.* 1 refused\.$/)
  })

  it('keys go into a new file that only its owner can read, and from there into another database', async () => {
    expect(await at(database, 'export', out)).toMatch(/^510 keys in .*out\.ndjson/)
    expect(statSync(out).mode & 0o777).toBe(0o600)
    await expect(at(database, 'export', out)).rejects.toThrow(/never overwritten/)
    expect(await at(empty, 'import', out)).toBe('510 added, 0 updated, 0 the same, 0 left as they are, 0 refused.')
  })

  it('a file that is cut short is refused, and so is none', async () => {
    const cut = join(folder, 'cut.ndjson')
    writeFileSync(cut, readFileSync(out, 'utf8').split('\n').slice(0, 505).join('\n'))
    await expect(at(empty, 'import', cut)).rejects.toThrow(/^Nothing was written/)
    await expect(at(empty, 'import', join(folder, 'none'))).rejects.toThrow(/cannot be read/)
    await expect(at(empty, 'export', join(folder, 'no', 'where'))).rejects.toThrow(/cannot be written/)
  })

  it('keys are counted under each pepper, and one that is needed may not go', async () => {
    const told = await at(database, 'peppers')
    expect(told).toMatch(/none yet, .*: 510 keys, of which 510 may work yet/)
    const [, newest = ''] = /^(\w+), makes what is new: 0 keys/.exec(told) ?? []
    await expect(at(database, 'peppers', newest)).rejects.toThrow(/makes what is new/)
    expect(await at(database, 'peppers', 'gone')).toContain('No key stands under gone')
  })
})
