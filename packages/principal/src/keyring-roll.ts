/** Which versions of secrets each process holds, told for as long as it lives: names, never secrets. */
import { type Clock, type Entropy, newId, secondMs } from '@latchkey/clock'

/** By kind, the ids of versions; the one that makes what is new first. */
export type HeldVersions = Readonly<Record<string, readonly string[]>>

export interface RollEntry {
  readonly service: string
  readonly process: string
  readonly versions: HeldVersions
  readonly atMs: number
}

export interface KeyringRoll {
  tell(entry: RollEntry): Promise<void>
  leave(process: string): Promise<void>
  /** Those who told of themselves at that moment or later. */
  readSince(sinceMs: number): Promise<readonly RollEntry[]>
}

const everyMs = 2 * secondMs
/** Who was not heard of for so long is not there any more. */
export const forgottenAfterMs = 10 * secondMs

export interface RollCallDependencies {
  readonly roll: KeyringRoll
  readonly service: string
  readonly versions: () => HeldVersions
  readonly clock: Clock
  readonly entropy: Entropy
}

/** Tells of this process until it is closed. A store that is away makes it unheard of, and nothing else. */
export function startRollCall({ roll, service, versions, clock, entropy }: RollCallDependencies) {
  const process = newId(entropy, 'proc')
  const tell = () => roll.tell({ service, process, versions: versions(), atMs: clock.now().getTime() }).catch(() => {})
  void tell()
  const timer = setInterval(tell, everyMs).unref()
  return {
    async close() {
      clearInterval(timer)
      await roll.leave(process).catch(() => {})
    },
  }
}
