/** Everything refresh tokens need from storage. */
import type { RefreshToken } from './refresh-token.ts'

/**
 * What a genuine token turned out to be worth.
 * - `rotated`: it was the current one; `counter` is its successor's.
 * - `repeated`: it was the one before, a moment ago, and its successor was not used yet: the same successor again.
 * - `reused`: neither. The session has ended with this very answer.
 * - `unknown`: the session has ended, or never was.
 */
export type Rotation =
  | { readonly outcome: 'rotated' | 'repeated'; readonly userId: string; readonly counter: number }
  | { readonly outcome: 'reused'; readonly userId: string; readonly endsAtMs: number }
  | { readonly outcome: 'unknown' }

export interface RefreshStore {
  /** Remembers that the first token of a session was issued; forgets it at `endsAtMs`. */
  begin(session: { sessionId: string; userId: string; endsAtMs: number }, nowMs: number): Promise<void>
  /**
   * Judges a token and acts on it, in one step. A session whose token was reused stays `reused` until it is ended, so
   * that whoever records the ending may fail and be asked again. A store that processes share has a clock of its own, and `nowMs` is
   * nothing to it. Rejects with UNAVAILABLE.
   */
  rotate(token: RefreshToken, at: { nowMs: number; graceMs: number }): Promise<Rotation>
}
