/** Everything sessions need from storage. */
import type { SessionRecord } from '@latchkey/principal/credential-records'

/** Every method rejects with UNAVAILABLE when the store cannot answer. */
export interface SessionStore {
  /** Keeps a new session. Answers with those of the same user that are too many now, oldest last; they still live. */
  add(session: SessionRecord, perUserMax: number): Promise<readonly SessionRecord[]>
  /** The session; null when it has ended or never was. Reads of one turn of the event loop travel together. */
  byId(sessionId: string): Promise<SessionRecord | null>
  /** At most `max` sessions of a user, newest first. Reads of one turn of the event loop travel together. */
  ofUser(userId: string, max: number): Promise<readonly SessionRecord[]>
  /** Ends a session with all that belongs to it. Of several callers at once, one is told that it ended just now. */
  end(session: { sessionId: string; userId: string }): Promise<'ended' | 'not there'>
  /** Forgets every session of a user with all that belongs to them. Answers how many there were. */
  forgetUser(userId: string): Promise<number>
}
