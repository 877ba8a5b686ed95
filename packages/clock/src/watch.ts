/** Something that is done whenever a value has become another one. */

export interface Watch {
  start(): void
  /** Resolves once nothing is being done any more. */
  close(): Promise<void>
}

export interface WatchTerms<Value> {
  /** What is looked at; what equals the one before (`===`) is the same. */
  readonly read: () => Value
  /** The value for which nothing has to be done; absent: the first one is new. */
  readonly known?: Value
  /** What is done for a new one; should it reject, it is done again at the next look. */
  readonly act: (value: Value, state: { isOpen(): boolean }) => Promise<unknown>
  readonly failed: (fault: unknown) => void
  /** Between two looks. */
  readonly pauseMs: number
}

export function createWatch<Value>({ read, known, act, failed, pauseMs }: WatchTerms<Value>): Watch {
  let state: 'new' | 'started' | 'closed' = 'new'
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let seen = known
  const isOpen = () => state === 'started'

  async function look(): Promise<void> {
    const value = read()
    if (value === seen) return
    await act(value, { isOpen })
    seen = value
  }

  function turn(): void {
    running = look()
      .catch(failed)
      .then(() => {
        if (isOpen()) timer = setTimeout(turn, pauseMs).unref()
      })
  }

  return {
    start() {
      if (state !== 'new') return
      state = 'started'
      turn()
    },
    async close() {
      state = 'closed'
      clearTimeout(timer)
      await running
    },
  }
}
