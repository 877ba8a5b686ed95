import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import type { RollEntry } from '@latchkey/principal/keyring-roll'
import { redisKeyringRoll } from '@latchkey/principal/keyring-roll.redis'
import { openRedis } from '@latchkey/principal/redis'
import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import type { RowsOfVersion } from '@latchkey/secret-versions'
import { createKeyringFile, keyringStandings, rotateKeyringFile } from '@latchkey/secrets/file'
import { describe, expect, it } from 'vitest'
import { rehearse } from './rehearse.ts'

interface Found {
  readonly counts?: readonly RowsOfVersion[]
  readonly closed?: readonly string[]
  readonly entries?: readonly RollEntry[]
}

/** Rows as a subgraph would tell of them, and processes as they would tell of themselves. */
function aHouse({ counts = [], closed = [], entries = [] }: Found) {
  const keyringFile = join(mkdtempSync(join(tmpdir(), 'keyring-')), 'keyring.json')
  createKeyringFile(keyringFile, entropy)
  const secretVersions = {
    counts: async () => counts,
    tryOpening: async () => ({ opened: 3, closed }),
    reencrypt: async () => 0,
    purge: async () => 0,
  }
  const roll = { tell: async () => {}, leave: async () => {}, readSince: async () => entries }
  const dependencies = {
    keyringFile: () => keyringFile,
    holders: [{ secretVersions }],
    roll,
    ...{ clock, entropy, kms: null },
  }
  return {
    keyringFile,
    rehearse: () => rehearse({ ...dependencies, sessionLifetimeMs: 1_000 }, ['data', '--rehearse']),
  }
}

const aProcess = (versions: RollEntry['versions']) => ({ service: 'users', process: 'proc_1', versions, atMs: 0 })

describe('a rehearsal', () => {
  it('says that nobody would be broken, and changes nothing', async () => {
    const { keyringFile, rehearse: run } = aHouse({})
    const before = (await keyringStandings(keyringFile, { now: clock.now(), kms: null }))('data')
    expect(await run()).toMatch(/would break nobody[\s\S]*data: 3 sealed rows opened/)
    expect((await keyringStandings(keyringFile, { now: clock.now(), kms: null }))('data')).toEqual(before)
  })

  it('names a process that does not know a version, and passes over one that has no use for the secret', async () => {
    await expect(aHouse({ entries: [aProcess({ data: ['another'] })] }).rehearse()).rejects.toThrow(
      /users \(proc_1\) does not know data\//,
    )
    expect(await aHouse({ entries: [aProcess({ 'api-key': ['another'] })] }).rehearse()).toContain('1 processes heard')
  })

  it('names rows that do not open, and rows whose version is gone', async () => {
    const closed = ['the row usr_1 of users.data_keys.sealed_key cannot be opened by this keyring']
    await expect(aHouse({ closed }).rehearse()).rejects.toThrow(/row usr_1/)
    const counts = [{ purpose: 'data', column: 'a.b.c', version: 'gone', rows: 2, needed: 2 } as const]
    await expect(aHouse({ counts }).rehearse()).rejects.toThrow(/2 rows of a.b.c need data\/gone/)
  })

  it('says that a version waits already', async () => {
    const { keyringFile, rehearse: run } = aHouse({})
    const now = clock.now()
    const makesFrom = new Date(now.getTime() + 60_000)
    await rotateKeyringFile(keyringFile, { kinds: ['data'], makesFrom, now }, { entropy, kms: null })
    await expect(run()).rejects.toThrow(/waits already/)
  })
})

it.skipIf(!testRedis())('the roll in Redis holds who was heard of, until they leave or are silent', async () => {
  const { url, prefix } = testRedis() ?? { url: '', prefix: '' }
  const redis = openRedis(url, storePatienceMs)
  await redis.connect()
  const roll = redisKeyringRoll({ redis, prefix: `${prefix}roll:` })
  const entry = { ...aProcess({ data: ['a'] }), atMs: 1_000 }
  await roll.tell(entry)
  await roll.tell({ ...entry, process: 'proc_2', atMs: 2_000 })
  expect((await roll.readSince(1_500)).map(({ process }) => process)).toEqual(['proc_2'])
  expect(await roll.readSince(0)).toHaveLength(2)
  await roll.leave('proc_2')
  expect(await roll.readSince(0)).toEqual([entry])
  redis.disconnect()
})
