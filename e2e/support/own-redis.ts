/** A Redis of a story's own that can be killed and comes back, at the same address, with what its append-only file holds. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '@latchkey/app/ports'
import { findRedis } from '@latchkey/app/redis'
import { openRedis } from '@latchkey/principal/redis'

export interface OwnRedis {
  readonly url: string
  /** Without a warning, and at once back again. */
  killAndStart(): Promise<void>
  /** Gone while `work` runs, and back after it. */
  whileGone(work: () => Promise<void>): Promise<void>
  stop(): Promise<void>
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const program = findRedis(process.env.PATH ?? '')
  if (!program) throw new Error('the stories need a Redis')
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-own-redis-'))
  const port = await freePort(1)
  const url = `redis://127.0.0.1:${port}`
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes']
  let server: ChildProcess
  const start = async () => {
    server = spawn(program, settings, { stdio: 'ignore' })
    await untilAnswering(url)
  }
  const kill = async () => {
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    url,
    async killAndStart() {
      await kill()
      await start()
    },
    async whileGone(work) {
      await kill()
      await work().finally(start)
    },
    async stop() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilAnswering(url: string): Promise<void> {
  const redis = openRedis(url)
  try {
    for (let tries = 0; tries < 200; tries++) {
      await redis.connect().catch(() => {})
      if (await redis.ping().catch(() => null)) return
      await pause(50)
    }
    throw new Error('the Redis of the story does not answer')
  } finally {
    redis.disconnect()
  }
}
