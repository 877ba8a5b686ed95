/** Everything pending sign-ins need from storage. Each rejects with UNAVAILABLE, and is one step for any number of processes. */
import type { Pending } from './pending.ts'

export interface PendingStore {
  /** Keeps it for `lifetimeMs` at most, with so many tries and, if there is one, its challenge. */
  add(id: string, pending: Pending, terms: { tries: number; challenge?: string; lifetimeMs: number }): Promise<void>
  byId(id: string): Promise<Pending | null>
  /** Takes one of its tries; `false` when none is left or it is not there. */
  takeTry(id: string): Promise<boolean>
  /** As if the try had never been taken. */
  giveBackTry(id: string): Promise<void>
  /** Keeps a challenge in place of an earlier one; nothing where there is no such sign-in. */
  keepChallenge(id: string, challenge: string): Promise<void>
  /** The challenge, which is gone then: of any number of callers one gets it. */
  takeChallenge(id: string): Promise<string | null>
  /** Uses it up: of any number of callers one is told that it ended it. */
  end(id: string): Promise<'ended' | 'not there'>
}
