/** Who may see and end which session. Somebody else's is NOT_FOUND: FORBIDDEN would confirm that it exists. */
import { holdsScope, type Principal } from '@latchkey/principal'
import type { SessionRecord } from '@latchkey/principal/credential-records'
import { Problem } from '@latchkey/problem'
import {
  allow,
  anyOf,
  inOrder,
  type Rules,
  requiresScopes,
  rule,
  signedIn,
  signedInPerson,
} from '@latchkey/subgraph/guard'
import type { SessionsContext } from '../context.ts'
import { isWithinReach } from './session.ts'

export const notAService = rule(
  'notAService',
  (_parent, _args, { principal }) => principal.kind !== 'service' || new Problem('FORBIDDEN'),
  { cache: 'principal' },
)

const holdsReadScope = (principal: Principal) =>
  holdsScope(principal, 'sessions:read') || holdsScope(principal, 'sessions:admin')

/** People may always see the session they are using; a key holds what it was given. */
const keyWithReadScope = rule(
  'keyWithReadScope',
  (_parent, _args, { principal }) =>
    principal.kind !== 'apiKey' || holdsReadScope(principal) || new Problem('FORBIDDEN'),
  { cache: 'principal' },
)

const ownSession = rule(
  'ownSession',
  (session: SessionRecord, _args, { principal }) =>
    isWithinReach(principal, session.userId) || new Problem('NOT_FOUND'),
  { cache: 'none' },
)

const ownAccount = rule(
  'ownAccount',
  (user: { id: string }, _args, { principal }) => isWithinReach(principal, user.id) || new Problem('NOT_FOUND'),
  { cache: 'none' },
)

const signedInHere = rule(
  'signedInHere',
  (parent: object, _args, context: SessionsContext) =>
    context.signedInHere.has(parent) || new Problem('UNAUTHENTICATED'),
  { cache: 'none' },
)

/** Whoever acts for a person. */
export const mayHaveSessions = inOrder(notAService, signedIn)
/** Judged before a session is loaded; whose it is can only be judged after. */
export const maySeeSessions = inOrder(mayHaveSessions, keyWithReadScope)
const maySeeThisSession = inOrder(maySeeSessions, ownSession)

const mayRevoke = inOrder(signedInPerson, requiresScopes(['sessions:write'], ['sessions:admin']))

export const sessionRules = {
  Query: { session: mayHaveSessions },
  Mutation: {
    signOut: signedInPerson,
    revokeSession: mayRevoke,
    revokeOtherSessions: mayRevoke,
    revokeAllSessions: mayRevoke,
  },
  User: {
    id: anyOf(mayHaveSessions, signedInHere),
    sessions: inOrder(notAService, requiresScopes(['sessions:read'], ['sessions:admin']), ownAccount),
  },
  Session: {
    id: anyOf(maySeeThisSession, signedInHere),
    device: maySeeThisSession,
    createdAt: maySeeThisSession,
    lastSeenAt: maySeeThisSession,
    expiresAt: maySeeThisSession,
    network: maySeeThisSession,
    lastNetwork: maySeeThisSession,
    amr: maySeeThisSession,
    acr: maySeeThisSession,
    authTime: maySeeThisSession,
    current: maySeeThisSession,
    assurance: maySeeThisSession,
    authenticatedAt: maySeeThisSession,
    impersonatedBy: maySeeThisSession,
  },
  SignOutPayload: { sessionId: allow },
  RevokeSessionPayload: { sessionId: allow },
  RevokeSessionsPayload: { sessionIds: allow },
} satisfies Rules
