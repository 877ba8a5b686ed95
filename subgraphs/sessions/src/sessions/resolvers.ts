/** Sessions, as the graph asks for them. */
import { liveUntilMs, type SessionRecord } from '@latchkey/principal/credential-records'
import { guardReference } from '@latchkey/subgraph/guard'
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'
import { personOf } from './person.ts'
import { mayHaveSessions, maySeeSessions } from './rules.ts'

interface ById {
  readonly id: string
}

/** The caller's sessions, and the one they are using. The rules let nobody here who has none. */
function ownOthers(context: SessionsContext) {
  const { userId, sessionId: keep } = personOf(context)
  return { userId, keep }
}

const iso = (ms: number) => new Date(ms).toISOString()

export const sessionResolvers = {
  Query: {
    session: (_parent: unknown, _args: unknown, { sessions, principal }: SessionsContext) =>
      sessions.current(principal),
  },
  Mutation: {
    signOut: (_parent: unknown, _args: unknown, context: SessionsContext) =>
      context.sessions.signOut(context.principal, occasionOf(context)),
    revokeSession: (_parent: unknown, { id }: ById, context: SessionsContext) =>
      context.sessions.revoke(id, context.principal, occasionOf(context)),
    revokeOtherSessions: (_parent: unknown, _args: unknown, context: SessionsContext) =>
      context.sessions.revokeAll(ownOthers(context), context.principal, occasionOf(context)),
    revokeAllSessions: (_parent: unknown, { userId }: { userId?: string | null }, context: SessionsContext) =>
      context.sessions.revokeAll(
        { userId: userId ?? ownOthers(context).userId },
        context.principal,
        occasionOf(context),
      ),
  },
  User: {
    __resolveReference: guardReference(mayHaveSessions, ({ id }: ById) => ({ id })),
    sessions: ({ id }: ById, _args: unknown, { sessions }: SessionsContext) => sessions.ofUser(id),
  },
  Session: {
    __resolveReference: guardReference(maySeeSessions, ({ id }: ById, { sessions, principal }: SessionsContext) =>
      sessions.visible(id, principal),
    ),
    id: ({ sessionId }: SessionRecord) => sessionId,
    createdAt: ({ createdAtMs }: SessionRecord) => iso(createdAtMs),
    expiresAt: (session: SessionRecord) => iso(liveUntilMs(session)),
    authTime: ({ authTimeMs }: SessionRecord) => iso(authTimeMs),
    lastSeenAt: ({ lastSeenAtMs }: SessionRecord) => iso(lastSeenAtMs),
    current: ({ sessionId }: SessionRecord, _args: unknown, { principal }: SessionsContext) =>
      principal.kind === 'user' && principal.sessionId === sessionId,
  },
}
