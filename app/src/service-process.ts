/** One service of the distributed topology: a process of its own, watched until it is ready and until it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Environment } from './config.ts'
import { fault } from './embedded/fault.ts'

export interface ServiceTerms {
  /** `users`, or `users 2` for its second replica. */
  readonly name: string
  /** The folder of its workspace, from the root. */
  readonly workspace: string
  readonly port: number
  readonly environment: Environment
  /** Takes what it writes, line by line as it comes. */
  readonly write: (text: string) => void
}

export interface ServiceProcess {
  readonly name: string
  readonly url: string
  /** Resolves when it answers `/health/ready`; rejects with a Fault when it ends before that, or takes too long. */
  readonly ready: Promise<void>
  /** Resolves, once it has ended, with a line that says how and its last words. */
  readonly ended: Promise<string>
  /** Lets it finish what it has begun; by force when that takes too long. */
  drain(): Promise<void>
}

const readyMs = 30_000
const drainMs = 15_000

// The same place from `src`, where services run as they are written, and from `dist`, where they are built.
const root = new URL('../../', import.meta.url)
const asSource = import.meta.url.endsWith('.ts')
const entryOf = (workspace: string) =>
  fileURLToPath(new URL(asSource ? `${workspace}/src/main.ts` : `dist/${basename(workspace)}.mjs`, root))

export function startService({ name, workspace, port, environment, write }: ServiceTerms): ServiceProcess {
  const leash = new URL('app/bin/leash.mjs', root).href
  const child = spawn(process.execPath, [...process.execArgv, '--import', leash, entryOf(workspace)], {
    // Ctrl-C is for us: the gateway drains first, and its subgraphs after it.
    detached: true,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const words = lastWordsOf(child, write)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${name} did not start: ${error.message}`))
    child.once('close', (code, signal) =>
      resolve(`${name} ended (${signal ?? `exit code ${code}`}). ${words()}`.trim()),
    )
  })
  const url = `http://127.0.0.1:${port}`
  const ready = Promise.race([untilReady(name, url), ended.then((line) => Promise.reject(fault(line)))])
  // Whoever starts several awaits them together, and may have left when a later one fails.
  ready.catch(() => {})
  return { name, url, ready, ended, drain: () => drain(child, ended) }
}

function lastWordsOf(child: ChildProcess, write: (text: string) => void): () => string {
  let tail = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = `${tail}${text}`.slice(-2_000)
      write(text)
    })
  }
  return () => tail.trim().split('\n').slice(-3).join('\n')
}

async function untilReady(name: string, url: string): Promise<void> {
  for (let waited = 0, pauseMs = 50; waited < readyMs; waited += pauseMs) {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(1_000) }).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await pause(pauseMs)
    // Who starts many on few cores should not take from them what they start with.
    pauseMs = Math.min(2 * pauseMs, 200)
  }
  throw fault(`${name} was not ready within ${readyMs / 1_000} seconds; its log says why.`)
}

async function drain(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const impatient = setTimeout(() => child.kill('SIGKILL'), drainMs)
  await ended
  clearTimeout(impatient)
}
