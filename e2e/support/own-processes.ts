/** Two whole houses, each a process of its own, over the same stores: one can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '@latchkey/app/ports'
import { type EmbeddedRedis, startRedis } from '@latchkey/app/redis'
import { systemEntropy as entropy } from '@latchkey/clock'
import { type TestDatabase, testDatabase } from '@latchkey/prisma/testing'
import { createKeyringFile } from '@latchkey/secrets/file'
import { builtProgram } from './built.ts'

interface OwnProcess {
  readonly url: string
  readonly pid: () => number
  /** At once, in the middle of whatever it does. */
  kill(): Promise<void>
  /** Resolves when it is ready. */
  start(): Promise<void>
}

export interface OwnProcesses {
  readonly both: readonly [OwnProcess, OwnProcess]
  stop(): Promise<void>
}

type Settings = Readonly<Record<string, string>>

/** `settingsOfSecond` are for the second of them only, on top of those that both have. */
export async function startOwnProcesses(settings: Settings, settingsOfSecond: Settings = {}): Promise<OwnProcesses> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-own-processes-'))
  const database = await testDatabase()
  const redis = await startRedis({ folder, entropy, path: process.env.PATH ?? '' })
  if (!redis) throw new Error('the stories need a Redis')
  const keyringFile = join(folder, 'keyring.json')
  createKeyringFile(keyringFile, entropy)
  const shared = { ...environmentOf(database, redis), LATCHKEY_KEYRING_FILE: keyringFile, ...settings }
  const firstPort = await freePort(2)
  const oneOf = (index: number, own: Settings) =>
    ownProcess(firstPort + index, { ...shared, LATCHKEY_DATA_DIR: join(folder, `house-${index}`), ...own })
  const both = [oneOf(0, {}), oneOf(1, settingsOfSecond)] as const
  for (const each of both) await each.start()
  return {
    both,
    async stop() {
      await Promise.all(both.map(({ kill }) => kill()))
      await redis.stop()
      await database.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const environmentOf = ({ url }: TestDatabase, redis: EmbeddedRedis) => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  DATABASE_URL: url,
  REDIS_URL: redis.url,
  LATCHKEY_PUBLIC_URL: 'http://localhost:4000',
  LATCHKEY_LOG_LEVEL: 'error',
})

const patienceMs = 400_000

function ownProcess(port: number, environment: Settings): OwnProcess {
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | null = null
  return {
    url,
    pid: () => child?.pid ?? 0,
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
    async start() {
      const env = { ...environment, PORT: String(port) }
      const started = spawn(process.execPath, [builtProgram('latchkey')], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      child = started
      await untilReady(url, () => started.exitCode ?? started.signalCode)
    },
  }
}

async function untilReady(url: string, endedBy: () => number | string | null): Promise<void> {
  const untilMs = performance.now() + patienceMs
  let said = 'nothing'
  while (performance.now() < untilMs) {
    if (endedBy() !== null) throw new Error(`${url} ended with ${endedBy()} before it was ready`)
    const answer = await fetch(`${url}/health/ready`).catch(() => null)
    if (answer) said = `${answer.status} ${await answer.text()}`
    if (answer?.ok) return
    await pause(20)
  }
  throw new Error(`${url} was not ready in time; its last answer was ${said}`)
}
