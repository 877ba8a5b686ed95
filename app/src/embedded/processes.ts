/** Other processes of this machine: is one alive, is it the one we remember, end it, tie its life to ours. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { systemCode } from './fault.ts'

/** A process and the moment it started: a number alone is given to another process later. */
export interface ProcessMark {
  readonly pid: number
  readonly startedAt: string
}

/** Under whose name a child runs; empty for our own. */
export interface RunAs {
  readonly uid?: number
  readonly gid?: number
}

/** When `pid` started, in words only good for comparing; `null` if there is no such process. */
export function startOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything, spaces included; behind it come the state and, 20 fields on, the start.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? null : (fields[18] ?? null)
  } catch {
    return null
  }
}

export const markOf = (pid: number): ProcessMark => ({ pid, startedAt: startOf(pid) ?? '' })

export const isAlive = ({ pid, startedAt }: ProcessMark): boolean => startOf(pid) === startedAt

/** Reads what `markOf` gave, from a file; `null` when there is none or it cannot be read. */
export function readMark(file: string): ProcessMark | null {
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(file, 'utf8'))
    return typeof pid === 'number' && typeof startedAt === 'string' ? { pid, startedAt } : null
  } catch {
    return null
  }
}

/** The command line of `pid`, '' when there is no such process. */
export function commandOf(pid: number): string {
  try {
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

/** Asks a process to end by the signal it does so in order on; one that has not within `patienceMs` is killed. */
export async function end(
  mark: ProcessMark,
  { ask, patienceMs }: { readonly ask: NodeJS.Signals; readonly patienceMs: number },
): Promise<void> {
  if (!isAlive(mark)) return
  signal(mark.pid, ask)
  for (let waited = 0; waited < patienceMs && isAlive(mark); waited += 20) await pause(20)
  if (isAlive(mark)) signal(mark.pid, 'SIGKILL')
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (thrown) {
    if (systemCode(thrown) !== 'ESRCH') throw thrown
  }
}

/**
 * Ends `child` by the signal `ask` when this process ends, even by kill -9: a shell waits on a pipe that only we hold open.
 * It goes away with the child.
 */
export function endWithUs(child: ChildProcess, ask: 'SIGINT' | 'SIGTERM', runAs: RunAs): void {
  const script = 'read -r _; kill -s "$1" "$2"'
  const guard = spawn('/bin/sh', ['-c', script, 'latchkey-guard', ask.slice(3), String(child.pid)], {
    ...runAs,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => {})
  guard.stdin.on('error', () => {})
  guard.unref()
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  child.once('exit', () => guard.kill('SIGKILL'))
}
