/** The subgraph under test, when it is to be started for the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Environment } from '../../process.ts'
import { ask } from './target.ts'

const patienceMs = 20_000
const betweenMs = 50

export interface Program {
  end(): Promise<void>
}

/** Starts the program and waits until something answers at the address. Rejects with an Error of one line. */
export async function startProgram(words: readonly string[], url: string, env: Environment): Promise<Program> {
  const [command = '', ...args] = words
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env })
  const failed = once(child, 'error').then(([cause]) => {
    throw new Error(`${command} cannot be started: ${cause instanceof Error ? cause.message : cause}`)
  })
  const program = { end: () => end(child) }
  try {
    await Promise.race([untilAnswered(child, url), failed])
    return program
  } catch (thrown) {
    await program.end()
    throw thrown
  }
}

async function untilAnswered(child: ChildProcess, url: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += betweenMs) {
    if (child.exitCode !== null) throw new Error(`the subgraph ended with ${child.exitCode} before it answered`)
    if ((await ask(url, {})).status !== 0) return
    await pause(betweenMs)
  }
  throw new Error(`nothing answers at ${url}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
