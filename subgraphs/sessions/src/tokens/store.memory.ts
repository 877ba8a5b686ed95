/** The state of refresh tokens of a single process: it ends with it. */
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { RefreshStore, Rotation } from './store.ts'

interface RefreshState {
  readonly userId: string
  readonly endsAtMs: number
  counter: number
  rotatedAtMs: number
  reused: boolean
}

const sweepEvery = 1_000

/** What the session's own store does to it. */
export type MemoryRefreshStore = RefreshStore & {
  forget(sessionId: string): void
  /** The successor of the current token, as if that had been exchanged; null when there is no state, or it was reused. */
  advance(sessionId: string, nowMs: number): number | null
}

export function memoryRefreshStore({ records }: { records: CredentialRecords }): MemoryRefreshStore {
  const states = new Map<string, RefreshState>()
  let begunSinceSweep = 0

  function sweep(nowMs: number): void {
    begunSinceSweep = 0
    for (const [sessionId, { endsAtMs }] of states) if (endsAtMs <= nowMs) states.delete(sessionId)
  }

  /** One synchronous step: nothing can come between the judgement and the act. */
  function judge(
    state: RefreshState,
    presented: number,
    { nowMs, graceMs }: { nowMs: number; graceMs: number },
  ): Rotation {
    const { userId, counter, endsAtMs } = state
    if (!state.reused && presented === counter) {
      state.counter += 1
      state.rotatedAtMs = nowMs
      return { outcome: 'rotated', userId, counter: counter + 1 }
    }
    if (!state.reused && presented === counter - 1 && nowMs - state.rotatedAtMs <= graceMs) {
      return { outcome: 'repeated', userId, counter }
    }
    state.reused = true
    return { outcome: 'reused', userId, endsAtMs }
  }

  return {
    async begin({ sessionId, userId, endsAtMs }, nowMs) {
      if (++begunSinceSweep >= sweepEvery) sweep(nowMs)
      states.set(sessionId, { userId, endsAtMs, counter: 1, rotatedAtMs: nowMs, reused: false })
    },
    async rotate({ sessionId, counter }, at) {
      const state = states.get(sessionId)
      if (!state || state.endsAtMs <= at.nowMs) return { outcome: 'unknown' }
      const rotation = judge(state, counter, at)
      if (rotation.outcome === 'reused') await records.endSession(sessionId)
      return rotation
    },
    advance(sessionId, nowMs) {
      const state = states.get(sessionId)
      if (!state || state.reused || state.endsAtMs <= nowMs) return null
      state.counter += 1
      state.rotatedAtMs = nowMs
      return state.counter
    },
    forget: (sessionId) => void states.delete(sessionId),
  }
}
