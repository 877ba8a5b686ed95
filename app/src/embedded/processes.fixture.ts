/** What the tests of this folder share: folders that go away, and processes that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const isRoot = process.getuid?.() === 0
/** A user id that the system knows and that owns nothing here, and one that it does not know. */
export const [daemon, unknown] = [1, 65533]
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey embedded '))
  chmodSync(folder, 0o711)
  // A server whose owner was killed may still be writing its last.
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }))
  return folder
}

export interface OtherProcess {
  readonly child: ChildProcess
  /** The JSON it printed. */
  readonly said: Record<string, string>
}

/** Runs `body` in a process of its own, as `uid` if given, up to the line of JSON it prints; it then stays. */
export function otherProcess(body: string, uid?: number): Promise<OtherProcess> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const source = `
    import { startPostgres } from ${JSON.stringify(`${here}postgres.ts`)}
    import { startRedis } from ${JSON.stringify(`${here}redis.ts`)}
    import { claimDataFolder } from ${JSON.stringify(`${here}data-folder.ts`)}
    import { systemEntropy as entropy } from '@latchkey/clock'
    setInterval(() => {}, 1000)
    ${body}`
  const loader = import.meta.resolve('tsx')
  const args = ['--conditions=@latchkey/source', '--import', loader, '--input-type=module', '--eval', source]
  const child = spawn(process.execPath, args, {
    cwd: here,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text
    })
    child.stdout.setEncoding('utf8').on('data', (line) => resolve({ child, said: JSON.parse(line) }))
    child.once('exit', () => reject(new Error(errors)))
  })
}

export const killed = (child: ChildProcess) =>
  new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })

export const literal = (value: unknown) => JSON.stringify(value)
