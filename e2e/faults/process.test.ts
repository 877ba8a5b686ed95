/** One of two processes in trouble of its own: killed, out of file descriptors, or with a clock that jumps. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { testRedis } from '@latchkey/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, nobody, signInOperation } from '../support/client.ts'
import { lockedOut } from '../support/load/cast.ts'
import { type OwnProcesses, startOwnProcesses } from '../support/own-processes.ts'
import { rounds } from '../support/rounds.ts'
import { type Findings, type HouseInUse, houseInUse, storePatience, withoutBudgets } from '../support/under-load.ts'

/** Debian's `libfaketime`; without it the rows of the clock are skipped, and counted as such. */
const fakeTime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const hasFakeTime = existsSync(fakeTime)
const offsetFile = join(mkdtempSync(join(tmpdir(), 'latchkey-clock-')), 'offset')
const jump = (offset: string) => writeFileSync(offsetFile, offset)
const fakedClock = {
  LD_PRELOAD: fakeTime,
  FAKETIME_TIMESTAMP_FILE: offsetFile,
  FAKETIME_NO_CACHE: '1',
  DONT_FAKE_MONOTONIC: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
}

const goesOnMs = 600
const prlimit = (pid: number, ...words: string[]) =>
  execFileSync('/usr/bin/prlimit', ['--pid', `${pid}`, ...words], { encoding: 'utf8' })

/** No further file and no further connection; gives the way back. */
function limitFiles(pid: number): () => unknown {
  const before = prlimit(pid, '--nofile', '--output=SOFT', '--noheadings').trim()
  prlimit(pid, '--nofile=24:')
  return () => prlimit(pid, `--nofile=${before}:`)
}

describe.skipIf(!testRedis())('one of two processes', () => {
  const found: Record<string, Findings> = {}
  let houses: OwnProcesses
  let inUse: HouseInUse
  beforeAll(async () => {
    jump('+0')
    houses = await startOwnProcesses({ ...withoutBudgets, ...storePatience }, hasFakeTime ? fakedClock : {})
    inUse = await houseInUse(houses.both.map(({ url }) => url))
  })
  afterAll(async () => {
    console.table(found)
    await houses?.stop()
  })

  async function endure(what: string, begin: () => Promise<() => unknown>): Promise<Findings> {
    const findings = await inUse.endure(begin, goesOnMs)
    found[what] = findings
    return findings
  }

  const killOne = (turn: number) => async () => {
    const one = houses.both[turn % 2 === 0 ? 0 : 1]
    await pause(Math.random() * 400)
    await one.kill()
    return one.start
  }

  it('takes nothing with it that was acknowledged when it is killed, and revives nothing', {
    timeout: rounds * 480_000,
  }, async () => {
    for (let turn = 0; turn < rounds; turn++) {
      const findings = await endure(`killed ${turn + 1}`, killOne(turn))
      expect(findings).toMatchObject({ failOpen: 0, lost: 0 })
    }
  })

  it('lets nobody in for want of file descriptors', async () => {
    const findings = await endure('no descriptors', async () => limitFiles(houses.both[1].pid()))
    expect(findings).toMatchObject({ failOpen: 0, lost: 0 })
  })

  it.skipIf(!hasFakeTime).each(['+1h', '-1h'])('revives nothing when its clock jumps by %s', async (offset) => {
    const jumps = async () => {
      jump(offset)
      return () => jump('+0')
    }
    const findings = await endure(`clock ${offset}`, jumps)
    expect(findings).toMatchObject({ failOpen: 0, lost: 0 })
  })

  it.skipIf(!hasFakeTime).each(['+1h', '-1h'])(
    'lets nobody in whose tries are stopped when its clock jumps by %s, and gives no try more',
    async (offset) => {
      const [right, wrong] = houses.both
      const asked = async (): Promise<readonly unknown[]> => {
        const { input, untilMs } = await lockedOut(right.url)
        jump(offset)
        const guess = { ...input, password: 'not the password either' }
        const came = []
        for (const each of [input, guess, input])
          came.push(await ask(wrong.url, nobody, signInOperation, { input: each }))
        jump('+0')
        came.push(await ask(right.url, nobody, signInOperation, { input }))
        // On a machine that took so long nobody was stopped any more.
        return performance.now() < untilMs ? came.map(({ data }) => data?.signIn?.__typename) : asked()
      }
      expect(await asked()).toEqual(Array(4).fill('SignInRefused'))
    },
  )
})
