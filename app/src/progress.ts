/** What a start says as it goes: a line a step, with the time it took. */

export interface Progress {
  /** Runs one step and says how long it took. */
  step<Value>(what: string, work: () => Promise<Value> | Value): Promise<Value>
  /** Says a thing that took no time. */
  note(line: string): void
}

/** `now` counts milliseconds from anywhere; `write` takes whole lines. */
export function createProgress(write: (line: string) => void, now: () => number): Progress {
  return {
    async step(what, work) {
      const startedAt = now()
      const value = await work()
      write(`  ✓ ${what.padEnd(44)} ${((now() - startedAt) / 1_000).toFixed(1)} s`)
      return value
    },
    note: (line) => write(`  · ${line}`),
  }
}
