/** A process that runs until it is told to end, or until a part it cannot do without ends. */
import { isFault } from './embedded/fault.ts'
import type { Undo } from './foundation.ts'

/** Starts; resolves once it serves, with a promise that tells in a line of the first part that ended by itself. */
export type Start = (undo: Undo[]) => Promise<{ readonly lost: Promise<string> }>

const ends: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Resolves with the first signal to end; later ones change nothing. */
const told = (signals: readonly NodeJS.Signals[]) =>
  new Promise<null>((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve(null))
  })

/** Without a terminal that could hang up, SIGHUP is free to mean what it means to a service. */
export const endsOfService: readonly NodeJS.Signals[] = process.stdin.isTTY ? ends : ['SIGINT', 'SIGTERM']

async function run(start: Start, ended: Promise<null>): Promise<string | null> {
  const undo: Undo[] = []
  try {
    const started = await Promise.race([start(undo), ended])
    return started && (await Promise.race([started.lost, ended]))
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

/** Runs, undoes what was done, and ends the process: 0 when it was told to end, 1 with a line that says why otherwise. */
export async function runUntilTold(start: Start, say: (line: string) => void, signals = ends): Promise<never> {
  let reason: string | null
  try {
    reason = await run(start, told(signals))
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown
    reason = thrown.message
  }
  for (const line of reason?.split('\n') ?? []) say(`✗ ${line}`)
  process.exit(reason === null ? 0 : 1)
}
