/** The ledger: what must be known of sessions after Redis has forgotten them. Kept in Postgres. */
import type { Principal } from '@latchkey/principal'
import type { SessionRecord } from '@latchkey/principal/credential-records'

export interface Actor {
  readonly kind: Principal['kind']
  readonly id: string | null
  /** In whose place a staff member acted. */
  readonly onBehalfOf?: string
}

/** Who asked for it, and in which request. */
export interface Occasion {
  readonly actor: Actor
  /** The session that the request is made with, where it is made with one. */
  readonly sessionId?: string
  readonly requestId: string
}

/** What an audit record says besides what was done. */
export interface Entry {
  readonly id: string
  readonly at: Date
  readonly occasion: Occasion
}

export type EndReason = 'signed-out' | 'revoked' | 'refresh-token-reused' | 'too-many-sessions' | 'replaced'

/** What is known of a session that ends. */
export interface EndedSession {
  readonly sessionId: string
  readonly userId: string
  /** When it would have ended by itself. */
  readonly endsAtMs: number
}

export interface Revocation {
  readonly sessionId: string
  readonly userId: string
  readonly revokedAt: Date
}

/** Every method rejects with UNAVAILABLE when Postgres cannot answer. */
export interface Ledger {
  /** Adds an audit record that the session began. */
  began(
    session: SessionRecord,
    entry: { id: string; at: Date; occasion: Occasion; reason?: string | undefined },
  ): Promise<void>
  /** Adds an audit record that the session was proved anew, and by what. */
  proved(
    session: { readonly sessionId: string; readonly userId: string },
    entry: { id: string; at: Date; by: string; occasion: Occasion },
  ): Promise<void>
  /** Adds the revocation and its audit record, both or neither; nothing when the session was revoked before: then it is `known`. */
  ended(
    session: EndedSession,
    entry: { id: string; at: Date; reason: EndReason; occasion: Occasion },
  ): Promise<'added' | 'known'>
  /** At most 1,000 revocations of sessions that could still live at `at`, oldest first, made after the given one. */
  revocations(after: Pick<Revocation, 'revokedAt' | 'sessionId'>, at: Date): Promise<readonly Revocation[]>
}

function actorOf(principal: Principal): Actor {
  switch (principal.kind) {
    case 'user':
      return principal.act
        ? { kind: 'user', id: principal.act.sub, onBehalfOf: principal.userId }
        : { kind: 'user', id: principal.userId }
    case 'apiKey':
      return { kind: 'apiKey', id: principal.keyId }
    case 'service':
      return { kind: 'service', id: principal.name }
    case 'anonymous':
      return { kind: 'anonymous', id: null }
  }
}

export const occasionOf = ({ principal, requestId }: { principal: Principal; requestId: string }): Occasion => ({
  actor: actorOf(principal),
  ...(principal.kind === 'user' && { sessionId: principal.sessionId }),
  requestId,
})
