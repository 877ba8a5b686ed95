import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { openRedis } from '@latchkey/principal/redis'
import { openDatabase } from '@latchkey/prisma'
import { storePatienceMs, type TestDatabase, testDatabase, testRedis } from '@latchkey/prisma/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { createKeyringFile, readKeyringFile } from '@latchkey/secrets/file'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { assemble } from '../assemble.ts'
import { parseConfig } from '../config.ts'
import type { Foundation } from '../foundation.ts'
import { openServedSupergraph, supergraphFileOf } from '../supergraph-file.ts'
import { dataKeysFileOf, writeBackup } from './backup.ts'
import { type RestoreTerms, restoreBackup } from './restore.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-backup-'))
const keyringFile = join(folder, 'keyring.json')
createKeyringFile(keyringFile, entropy)
const secrets = readKeyringFile(keyringFile, entropy)
const config = parseConfig({ LATCHKEY_DATA_DIR: folder })
const supergraphSdl = readFileSync(supergraphFileOf(config), 'utf8')

const supergraph = await openServedSupergraph({ config, secrets, clock, logger: silentLogger })

const quietly = () => {}

function foundationOf(databaseUrl: string, redis: Foundation['redis'] = null, redisPrefix = 'none:'): Foundation {
  return { config, supergraph, databaseUrl, redis, redisPrefix, secrets, logger: silentLogger, clock, entropy }
}

async function aDatabase(): Promise<TestDatabase> {
  const database = await testDatabase()
  onTestFinished(() => database.drop())
  return database
}

const backUp = (databaseUrl: string, file: string, keyring = secrets.keyring) =>
  writeBackup({ databaseUrl, keyring, supergraphSdl, clock, entropy }, file, quietly)

interface Options extends Partial<RestoreTerms> {
  readonly keyring?: typeof secrets.keyring
  readonly redis?: { readonly url: string; readonly prefix: string }
}

const restore = (databaseUrl: string, file: string, { keyring = secrets.keyring, redis, ...terms }: Options = {}) =>
  restoreBackup(
    {
      file,
      dataKeysFile: dataKeysFileOf(file),
      ledgerFile: null,
      over: 'empty',
      aftermath: 'end what may have ended',
      ...terms,
    },
    {
      databaseUrl,
      redisUrl: redis?.url ?? null,
      redisPrefix: redis?.prefix ?? 'none:',
      keyring,
      supergraphSdl,
      foundation: async () => foundationOf(databaseUrl),
    },
    quietly,
  )

async function people(databaseUrl: string, names: readonly string[]): Promise<void> {
  const application = assemble(foundationOf(databaseUrl))
  const file = join(folder, 'people.ndjson')
  const rows = names.map((name) =>
    JSON.stringify({ externalId: name, email: `${name}@example.com`, emailVerified: true, displayName: name }),
  )
  writeFileSync(file, rows.join('\n'))
  await application.userFiles.importFrom(file, 'APPLY', quietly)
  // As every house that was ever served, it has a key that signs.
  await application.signingKeys.replaceAll()
  await application.close()
}

async function whoIsIn(databaseUrl: string): Promise<readonly string[]> {
  const application = assemble(foundationOf(databaseUrl))
  const file = join(folder, `out-${Math.random()}.ndjson`)
  await application.userFiles.exportTo(file, 'without-hashes', quietly)
  await application.close()
  const lines = readFileSync(file, 'utf8').trim().split('\n').filter(Boolean)
  rmSync(file)
  return lines.map((line) => String((JSON.parse(line) as { displayName: string }).displayName)).sort()
}

let source: TestDatabase
const file = join(folder, 'monday.backup')
beforeAll(async () => {
  source = await testDatabase()
  await people(source.url, ['ada', 'bob', 'cyd'])
  await backUp(source.url, file)
})
afterAll(async () => {
  await source.drop()
  rmSync(folder, { recursive: true })
})

/** A copy of the file, and of its data keys beside it, that was changed. */
function changed(change: (lines: string[]) => readonly string[], of = file): string {
  const copy = join(folder, `changed-${Math.random()}.backup`)
  const keys = readFileSync(dataKeysFileOf(of))
  writeFileSync(copy, `${change(readFileSync(of, 'utf8').trimEnd().split('\n')).join('\n')}\n`)
  writeFileSync(dataKeysFileOf(copy), keys)
  return copy
}

describe('a backup', () => {
  it('comes back into an empty database, is proven by a canary that is gone again, and people are who they were', async () => {
    const { url } = await aDatabase()
    const card = await restore(url, file)
    expect(card).toContain('canary       signed in')
    expect(card).toContain('data keys    3,')
    expect(card).toContain('the supergraph is as it was')
    expect(await whoIsIn(url)).toEqual(['ada', 'bob', 'cyd'])
  })

  it('says nothing to whoever has no keyring, is for its owner alone, and is not written over', async () => {
    for (const path of [file, dataKeysFileOf(file)]) {
      expect(statSync(path).mode & 0o777).toBe(0o600)
      const text = readFileSync(path, 'utf8')
      for (const word of ['ada@', 'example.com', 'bob']) expect(text).not.toContain(word)
    }
    const before = readFileSync(dataKeysFileOf(file), 'utf8')
    await expect(backUp(source.url, file)).rejects.toThrow('EEXIST')
    expect(readFileSync(dataKeysFileOf(file), 'utf8')).toBe(before)
    expect(readdirSync(folder).filter((name) => name.endsWith('.unfinished'))).toEqual([])
  })

  it('leaves nothing behind when it cannot be finished', async () => {
    const path = join(folder, 'never.backup')
    const say = (line: string) => {
      if (line.startsWith('users.accounts')) throw new Error('the disk is full')
    }
    const terms = { databaseUrl: source.url, keyring: secrets.keyring, supergraphSdl, clock, entropy }
    await expect(writeBackup(terms, path, say)).rejects.toThrow('the disk is full')
    expect(existsSync(path)).toBe(false)
    expect(readdirSync(folder).filter((name) => name.endsWith('.unfinished'))).toEqual([])
  })

  it('takes data keys of a later day: of whoever was erased in between there is none, and the ledger erases the rest', async () => {
    const { url } = await aDatabase()
    await people(url, ['eve', 'fay'])
    const first = join(folder, 'first.backup')
    await backUp(url, first)
    const application = assemble(foundationOf(url))
    await application.privacy['erase-user']?.('eve@example.com')
    const ledgerFile = join(folder, 'ledger.ndjson')
    await application.privacy['erasures export']?.(ledgerFile)
    await application.close()
    const second = join(folder, 'second.backup')
    await backUp(url, second)

    const lost = await aDatabase()
    const card = await restore(lost.url, first, { dataKeysFile: dataKeysFileOf(second), ledgerFile })
    expect(card).toContain('data keys    1,')
    expect(card).toContain('1 account had come back and is erased again')
    expect(await whoIsIn(lost.url)).toEqual(['fay'])
    const database = openDatabase({ url: lost.url, patienceMs: storePatienceMs })
    expect(await database.prisma.account.count()).toBe(1)
    await database.close()
  })

  it('empties what Redis knew of us, and nothing of others', async () => {
    const redis = testRedis()
    if (!redis) return
    const { url } = await aDatabase()
    const client = openRedis(redis.url, storePatienceMs)
    await client.connect()
    await client.set(`${redis.prefix}session:old`, 'alive')
    await client.set(`other:${redis.prefix}`, 'theirs', 'EX', 60)
    await restore(url, file, { redis })
    expect(await client.exists(`${redis.prefix}session:old`)).toBe(0)
    expect(await client.exists(`other:${redis.prefix}`)).toBe(1)
    client.disconnect()
  })
})

describe('whoever tampers with a backup', () => {
  let url: string
  let target: TestDatabase
  beforeAll(async () => {
    target = await testDatabase()
    url = target.url
    await people(url, ['eve'])
  })
  afterAll(() => target.drop())

  const refused = async (path: string, options: Options = {}) => {
    const answer = await restore(url, path, { over: 'whatever is there', ...options }).catch((error: Error) => error)
    expect(answer, path).toBeInstanceOf(Error)
    return answer instanceof Error ? answer.message : ''
  }

  it('is found out at whichever line a byte is another one, and nothing is restored', async () => {
    const count = readFileSync(file, 'utf8').trimEnd().split('\n').length
    const places = [0, 1, 2, Math.floor(count / 2), count - 2, count - 1]
    for (const at of places) {
      const path = changed((lines) => lines.with(at, flipped(lines[at] ?? '')))
      expect(await refused(path)).toMatch(/line \d+ /)
    }
    expect(await whoIsIn(url)).toEqual(['eve'])
  })

  it.each<[string, (lines: string[]) => readonly string[]]>([
    ['is cut off after its first line', (lines) => lines.slice(0, 1)],
    ['is cut off in the middle', (lines) => lines.slice(0, Math.floor(lines.length / 2))],
    ['lacks its last line', (lines) => lines.slice(0, -1)],
    ['is cut off within a line', (lines) => lines.with(-1, lines.at(-1)?.slice(0, 20) ?? '')],
    ['has two chunks in each other’s place', (lines) => lines.with(3, lines[4] ?? '').with(4, lines[3] ?? '')],
    ['is empty', () => ['']],
  ])('is found out when the file %s', async (_, change) => {
    expect(await refused(changed(change))).toContain('Nothing was restored')
  })

  it('is found out with the file of another installation, or one file in the place of the other', async () => {
    const other = createKeyring(newKeyringMaterial(entropy), entropy)
    const foreign = join(folder, 'foreign.backup')
    if (!existsSync(foreign)) await backUp(source.url, foreign, other)
    expect(await refused(foreign)).toContain('another keyring')
    expect(await refused(dataKeysFileOf(file))).toContain('holds data-keys')
    expect(await refused(file, { dataKeysFile: file })).toContain('holds database')
    expect(await refused(file, { dataKeysFile: dataKeysFileOf(foreign) })).toContain('another keyring')
    expect(await whoIsIn(url)).toEqual(['eve'])
  })

  it('gets nothing with a keyring that lacks a secret which the backup needs', async () => {
    const { secrets: held } = JSON.parse(readFileSync(keyringFile, 'utf8')) as {
      secrets: Parameters<typeof createKeyring>[0]
    }
    const { 'blind-index': _, ...rest } = held
    expect(await refused(file, { keyring: createKeyring(rest, entropy) })).toContain('blind-index/')
  })

  it('cannot write over an inhabited database without saying so', async () => {
    expect(await refused(file, { over: 'empty' })).toContain('--replace')
    expect(await whoIsIn(url)).toEqual(['eve'])
  })
})

/** One bit of one letter in the middle. */
function flipped(line: string): string {
  const bytes = Buffer.from(line)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes.toString()
}
