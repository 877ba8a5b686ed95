/** Everything sessions need from storage. */
import type { RaisedAssurance, SessionRecord } from '@latchkey/principal/credential-records'

/**
 * Two factors, which count for a while; or one, by these methods, and then the session is worth no more from now on, whatever it
 * began with and whatever raised it.
 */
export type ShownNow = RaisedAssurance | Pick<RaisedAssurance, 'amr'>

/** That somebody has just proved whose session it is. */
export interface NewProof {
  readonly atMs: number
  readonly shown: ShownNow
  /** How long it may be unused from now on. */
  readonly idleMs: number
}

/** Every method rejects with UNAVAILABLE when the store cannot answer. */
export interface SessionStore {
  /**
   * Keeps a new session, or with `atMost` nothing when its user has so many already: for any number of callers at once exactly
   * so many are kept. Answers how many the user has now. Those that have ended without a word may still be counted; those in the
   * hands of staff never are.
   */
  add(session: SessionRecord, limit?: { readonly atMost: number }): Promise<number | 'full'>
  /**
   * Forgets those of the user that have ended without a word: by themselves, or by their account. Answers how many live, counted
   * as by `add`. Where nothing is known of what the account has ended and what it kept, it has ended nothing.
   */
  sweep(userId: string): Promise<number>
  /** Forgets those of the user that their account has ended. Answers which, each to one of several callers at once. */
  forgetEnded(userId: string): Promise<readonly SessionRecord[]>
  /** The session; null when it has ended or never was. Reads of one turn of the event loop travel together. */
  byId(sessionId: string): Promise<SessionRecord | null>
  /**
   * At most `max` sessions of a user, and as many in the hands of staff, newest first. Reads of one turn of the event loop travel
   * together.
   */
  ofUser(userId: string, max: number): Promise<readonly SessionRecord[]>
  /**
   * Notes a new proof in the record and moves the refresh token on, in one step. Answers the session as it is now, and the
   * number of its refresh token; null when it has ended.
   */
  prove(sessionId: string, proof: NewProof): Promise<{ session: SessionRecord; counter: number } | null>
  /** Ends a session with all that belongs to it. Of several callers at once, one is told that it ended just now. */
  end(session: { sessionId: string; userId: string }): Promise<'ended' | 'not there'>
  /** Forgets every session of a user with all that belongs to them. Answers how many there were. */
  forgetUser(userId: string): Promise<number>
}
