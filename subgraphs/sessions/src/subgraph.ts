/** Sessions, joined from its features: signing in, attempts, sessions, tokens, signing keys. */

import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AuditChain, createAuditChain, prismaRecordReader, tellRecords, tellTail } from '@latchkey/audit'
import type { Clock, Entropy } from '@latchkey/clock'
import type { AccountNews } from '@latchkey/principal/account-news'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { Database } from '@latchkey/prisma'
import { createCleaning } from '@latchkey/prisma/cleanup'
import type { LaggingReads } from '@latchkey/prisma/replica'
import { createSecretVersions, type SecretVersions } from '@latchkey/secret-versions'
import type { Keyring } from '@latchkey/secrets'
import { createSubgraph, type GuardedContext, type Resolvers, type Rules, type Subgraph } from '@latchkey/subgraph'
import { joinTypes } from '@latchkey/subgraph/join-types'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import { prismaAttemptHistory } from './attempts/history.prisma.ts'
import { createIndexes } from './attempts/indexes.ts'
import type { AttemptLimit } from './attempts/limits.ts'
import { createAttempts } from './attempts/service.ts'
import { createStops } from './attempts/stops.ts'
import { usersTellStop } from './attempts/stops.users.ts'
import { auditRecordResolvers } from './audit-records/resolvers.ts'
import { auditRecordRules } from './audit-records/rules.ts'
import { cleanupsOf } from './cleanups.ts'
import type { SessionsContext } from './context.ts'
import { usersNamedAccount } from './devices/named-account.users.ts'
import { createDevices } from './devices/service.ts'
import { createTellEnded } from './endings/ending.ts'
import { endingResolvers } from './endings/resolvers.ts'
import { endingRules } from './endings/rules.ts'
import { usersNoteImpersonation } from './impersonation/note-impersonation.users.ts'
import { impersonationResolvers } from './impersonation/resolvers.ts'
import { impersonationRules } from './impersonation/rules.ts'
import { createImpersonations } from './impersonation/service.ts'
import { prismaLedger } from './ledger/ledger.prisma.ts'
import { reapplyRevocations } from './ledger/reapply.ts'
import { loginAttemptResolvers } from './login-attempts/resolvers.ts'
import { loginAttemptRules } from './login-attempts/rules.ts'
import { createLoginAttempts } from './login-attempts/service.ts'
import { prismaLoginAttemptStore } from './login-attempts/store.prisma.ts'
import { networkResolvers } from './networks/resolvers.ts'
import { networkRules } from './networks/rules.ts'
import { createNetworks } from './networks/service.ts'
import { prismaNetworkRuleStore } from './networks/store.prisma.ts'
import { usersTellNewDevice, usersTellReusedToken } from './notices/notices.users.ts'
import { privacyResolvers } from './privacy/resolvers.ts'
import { privacyRules } from './privacy/rules.ts'
import { createPrivacy } from './privacy/service.ts'
import { prismaPersonStore } from './privacy/store.prisma.ts'
import { secretColumns } from './secret-versions/columns.ts'
import { createKnownGrants } from './sessions/known-grants.ts'
import { usersGrants } from './sessions/known-grants.users.ts'
import { sessionResolvers } from './sessions/resolvers.ts'
import { sessionRules } from './sessions/rules.ts'
import { createSessions } from './sessions/service.ts'
import { type SessionTerms, sessionTerms } from './sessions/session.ts'
import { usersFactorCheck } from './sign-in/factor-check.users.ts'
import { createGoOn } from './sign-in/first-factor.ts'
import { createMailSignIn } from './sign-in/mail.ts'
import { usersMailCheck } from './sign-in/mail-check.users.ts'
import { createPasskeySignIn } from './sign-in/passkey.ts'
import { usersPasswordCheck } from './sign-in/password-check.users.ts'
import { createPendings } from './sign-in/pendings.ts'
import { signInResolvers } from './sign-in/resolvers.ts'
import { signInRules } from './sign-in/rules.ts'
import { createSecondFactors } from './sign-in/second-factor.ts'
import { createSignIn } from './sign-in/service.ts'
import { createSessionStart } from './sign-in/session-start.ts'
import { usersTrustedDevices } from './sign-in/trusted-devices.users.ts'
import { jwksRoute, type Route } from './signing-keys/jwks-route.ts'
import { createSigningKeyRotation, type SigningKeyRotation } from './signing-keys/rotation.ts'
import { createSigningKeys } from './signing-keys/service.ts'
import type { PublicJwk } from './signing-keys/signing-key.ts'
import { prismaSigningKeyStore } from './signing-keys/store.prisma.ts'
import { stepUpResolvers } from './step-up/resolvers.ts'
import { stepUpRules } from './step-up/rules.ts'
import { createStepUps } from './step-up/service.ts'
import { chooseStores, type StoreChoice } from './stores.ts'
import { tokenResolvers } from './tokens/resolvers.ts'
import { tokenRules } from './tokens/rules.ts'
import { createTokens } from './tokens/service.ts'
import { unlockingResolvers } from './unlocking/resolvers.ts'
import { unlockingRules } from './unlocking/rules.ts'
import { createUnlocking } from './unlocking/service.ts'
import { prismaUnlockStore } from './unlocking/store.prisma.ts'
import { createUpkeep } from './upkeep.ts'

export type { AttemptLimit, SessionTerms }

export interface SessionsDependencies {
  /** How long audit records are kept, in days: 30 at least. */
  readonly auditKeptDays: number
  /** How many rows that are over are removed at once; a thousand unless set. */
  readonly cleanupBatchRows?: number
  readonly database: Database
  /** Where lists that may lag are read: administrators' lists and figures, never what decides. The database unless set. */
  readonly laggingReads?: LaggingReads
  /** Of the same kind as `store`. */
  readonly records: CredentialRecords
  readonly store: StoreChoice
  /** How Users is asked to check a password. */
  readonly users: SubgraphTransport
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  /** `iss` of the access tokens. */
  readonly issuer: string
  /** How many wrong tries there are. */
  readonly attempts: AttemptLimit
  /** Whether a mail signs in. */
  readonly magicLinks: 'on' | 'off'
  /** Where it is told that sessions end; nowhere unless said. */
  readonly news?: Pick<AccountNews, 'tell'>
  /** How long sessions last; 7 and 30 days, or 30 and 90 for who is remembered, unless said. */
  readonly terms?: SessionTerms
}

export interface SessionsApplication {
  readonly subgraph: Subgraph
  /** The public keys access tokens are verified with. */
  jwks(): Promise<{ keys: PublicJwk[] }>
  /** The public key a token names; null when there is none of that name. Unknown names cost no read each. */
  verificationKey(kid: string): Promise<KeyObject | null>
  /** The operator's hand on the signing keys. */
  readonly signingKeys: Omit<SigningKeyRotation, 'keepUp'>
  /** Which rows stand under which version of a secret. */
  readonly secretVersions: SecretVersions
  /** What keeps audit records from being changed unseen. */
  readonly auditChain: AuditChain
  /** What is public besides the graph, by exact path. */
  readonly routes: Readonly<Record<string, Route>>
  /** Does what is due of cleaning up and nobody else is at. */
  clean(): Promise<void>
  /** Makes the first signing key and applies the revocations Redis may have missed. Rejects when Postgres cannot answer. */
  start(): Promise<void>
  /** Ends the upkeep. Database and Redis belong to whoever opened them. */
  close(): Promise<void>
}

export const rules: Rules = joinTypes<Rules[string]>(
  signInRules,
  tokenRules,
  sessionRules,
  stepUpRules,
  impersonationRules,
  loginAttemptRules,
  networkRules,
  unlockingRules,
  privacyRules,
  auditRecordRules,
  endingRules,
)

const resolvers: Resolvers<SessionsContext> = joinTypes<Resolvers<SessionsContext>[string]>(
  signInResolvers,
  tokenResolvers,
  sessionResolvers,
  stepUpResolvers,
  impersonationResolvers,
  loginAttemptResolvers,
  networkResolvers,
  unlockingResolvers,
  privacyResolvers,
  auditRecordResolvers,
  endingResolvers,
)

/** What guards this graph, for whoever checks it without running it. */
export const graph = { resolvers, rules }

function createServices(dependencies: SessionsDependencies) {
  const { database, records, keyring, clock, entropy, logger, issuer, magicLinks } = dependencies
  const stores = chooseStores(dependencies.store, records, clock)
  const ledger = prismaLedger(database)
  const indexes = createIndexes(keyring)
  const shared = { keyring, indexes, clock, entropy, terms: dependencies.terms ?? sessionTerms }
  const networks = createNetworks({ ...shared, store: prismaNetworkRuleStore(database) })
  const attempts = createAttempts({
    ...{ ...shared, networks, limit: dependencies.attempts },
    store: stores.attempts,
    history: prismaAttemptHistory(database),
  })
  const stops = createStops({ attempts, tell: usersTellStop(dependencies.users), logger })
  const unlocking = createUnlocking({ ...shared, store: prismaUnlockStore(database), counters: stores.attempts })
  const signingKeyStore = prismaSigningKeyStore(database)
  const signingKeys = createSigningKeys({ ...shared, store: signingKeyStore })
  const rotation = createSigningKeyRotation({ ...shared, store: signingKeyStore })
  const knownGrants = createKnownGrants(records, usersGrants(dependencies.users))
  const tellEnded = createTellEnded(dependencies.news)
  const sessions = createSessions({ ...shared, store: stores.sessions, records, knownGrants, ledger, tellEnded })
  const tokens = createTokens({
    ...{ ...shared, records, sessions, attempts, signingKeys, issuer, logger },
    store: stores.refresh,
    tellReusedToken: usersTellReusedToken(dependencies.users),
  })
  const devices = createDevices({ ...shared, namedAccount: usersNamedAccount(dependencies.users) })
  const loginAttempts = createLoginAttempts({
    ...shared,
    store: prismaLoginAttemptStore(database),
    tellNewDevice: usersTellNewDevice(dependencies.users),
    logger,
  })
  const checkPassword = usersPasswordCheck(dependencies.users)
  const pendings = createPendings({ ...shared, store: stores.pending })
  const trustedDevices = usersTrustedDevices(dependencies.users, logger)
  const startSession = createSessionStart({ loginAttempts, sessions, tokens, devices })
  const goOn = createGoOn({ attempts, loginAttempts, pendings, startSession })
  const ceremony = {
    ...{ attempts, stops, devices, trustedDevices, loginAttempts, pendings },
    ...{ startSession, goOn, checkPassword },
  }
  const factorCheck = usersFactorCheck(dependencies.users)
  const signIns = {
    signIn: createSignIn(ceremony),
    secondFactors: createSecondFactors({ ...ceremony, factorCheck }),
    passkeySignIn: createPasskeySignIn({ ...ceremony, factorCheck }),
    mailSignIn: createMailSignIn({ ...ceremony, magicLinks, mailCheck: usersMailCheck(dependencies.users) }),
    stepUps: createStepUps({ ...ceremony, sessions, tokens, factorCheck, clock }),
    impersonations: createImpersonations({
      ...{ ...shared, sessions, tokens, ledger, knownGrants, store: stores.sessions },
      noteImpersonation: usersNoteImpersonation(dependencies.users),
    }),
  }
  const privacy = createPrivacy({
    ...{ ...shared, unlocking, store: prismaPersonStore(database) },
    sessions: stores.sessions,
  })
  const limits = { attempts, networks, unlocking }
  return { stores, ledger, signingKeys, rotation, sessions, tokens, signIns, stops, limits, loginAttempts, privacy }
}

export function createSessionsSubgraph(dependencies: SessionsDependencies): SessionsApplication {
  const { clock, logger } = dependencies
  const { stores, ledger, signingKeys, rotation, sessions, tokens, signIns, stops, limits, loginAttempts, privacy } =
    createServices(dependencies)
  const { mark } = stores
  const auditChain = createAuditChain({ ...dependencies, schema: 'sessions' })
  const reapply = async () => {
    if (mark) await reapplyRevocations({ ledger, store: stores.sessions, mark, clock })
  }
  const chores = {
    'revocations applied again': reapply,
    'signing keys rotated': rotation.keepUp,
  }
  const upkeep = createUpkeep(chores, logger)
  const cleaning = createCleaning({
    ...{ ...dependencies, schema: 'sessions', batchRows: dependencies.cleanupBatchRows },
    cleanups: cleanupsOf(auditChain),
  })
  let hearNoMore = () => {}

  return {
    subgraph: createSubgraph<SessionsContext, Omit<SessionsContext, keyof GuardedContext | 'client' | 'signedInHere'>>({
      name: 'sessions',
      typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
      resolvers,
      rules,
      logger,
      services: {
        clock,
        ...signIns,
        ...limits,
        loginAttempts,
        sessions,
        tokens,
        privacy,
        auditRecords: tellRecords(prismaRecordReader(dependencies.laggingReads ?? dependencies.database, 'sessions')),
        auditTail: tellTail(auditChain.tail),
      },
      contextFor: (_principal, { client }) => ({ client, signedInHere: new Set<object>() }),
      clock,
    }),
    clean: cleaning.clean,
    jwks: signingKeys.jwks,
    verificationKey: signingKeys.verificationKey,
    signingKeys: rotation,
    auditChain,
    secretVersions: createSecretVersions({ ...dependencies, columns: secretColumns }),
    routes: { '/.well-known/jwks.json': jwksRoute(signingKeys, logger) },
    async start() {
      await signingKeys.ensureFirst()
      await upkeep.start()
      auditChain.start()
      cleaning.start()
      hearNoMore = stores.whenBack(() => void upkeep.start())
    },
    async close() {
      hearNoMore()
      await upkeep.stop()
      await cleaning.close()
      await auditChain.close()
      await stops.settled()
    },
  }
}
