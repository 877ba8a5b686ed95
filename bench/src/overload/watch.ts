/** What a house looks like from outside while a crowd is before it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { memoryOf } from '../memory.ts'
import type { System } from '../system.ts'

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

const allUnder = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(allUnder)]

/**
 * The house with its stores on one core, whoever asks on the other: so that it is the house that is short. False where the system cannot
 * (`taskset` is of Linux): then both take what they get.
 */
export function setApart({ pids: [house = 0] }: System): boolean {
  const pin = (core: string, pid: number) => execFileSync('taskset', ['-acp', core, String(pid)], { stdio: 'ignore' })
  try {
    for (const pid of allUnder(house)) pin('0', pid)
    pin('1', process.pid)
    return true
  } catch {
    return false
  }
}

/** The process that the crowd is before. */
export function gatewayOf({ pids }: System): number {
  const isGateway = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dist/gateway.mjs')
  return pids.find(isGateway) ?? pids[0] ?? 0
}

/** Of connections that nobody has taken up yet: what the kernel counts of a port that listens. */
function acceptQueueOf(url: string): number {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0')
  const lines = ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split('\n'))
  const listening = lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, at, , state]) => at?.endsWith(`:${port}`) && state === '0A')
  return Math.max(0, ...listening.map(([, , , , queues = '']) => Number.parseInt(queues.split(':')[1] ?? '0', 16)))
}

export interface Seen {
  /** Of the gateway. */
  readonly memoryMB: { readonly before: number; readonly most: number }
  /** Of every other process of ours, the most. */
  readonly othersMB: number
  readonly acceptQueue: number
}

/** Looks twice a second until told to stop. */
export function watch(system: System): () => Seen {
  const gateway = gatewayOf(system)
  const others = system.pids.filter((pid) => pid !== gateway)
  const before = memoryOf(gateway).nowMB
  let [most, othersMB, acceptQueue] = [before, 0, 0]
  const timer = setInterval(() => {
    most = Math.max(most, memoryOf(gateway).nowMB)
    othersMB = Math.max(othersMB, ...others.map((pid) => memoryOf(pid).nowMB))
    acceptQueue = Math.max(acceptQueue, acceptQueueOf(system.url))
  }, 500)
  return () => {
    clearInterval(timer)
    return { memoryMB: { before, most }, othersMB, acceptQueue }
  }
}

/** How late the event loop of the gateway was since this was asked last, in milliseconds; the 99th percentile. */
export async function loopLateMs({ url }: System): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text()
  return Number(/^latchkey_nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]) * 1_000
}
