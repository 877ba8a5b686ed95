/** Sessions, joined from its features: signing in, attempts, sessions, tokens, signing keys. */

import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock, Entropy } from '@latchkey/clock'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { Database } from '@latchkey/prisma'
import type { Keyring } from '@latchkey/secrets'
import { createSubgraph, type Subgraph } from '@latchkey/subgraph'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import type { AttemptLimit } from './attempts/attempts.ts'
import { createAttempts } from './attempts/service.ts'
import type { SessionsContext } from './context.ts'
import { prismaLedger } from './ledger/ledger.prisma.ts'
import { reapplyRevocations } from './ledger/reapply.ts'
import { sessionResolvers } from './sessions/resolvers.ts'
import { sessionRules } from './sessions/rules.ts'
import { createSessions } from './sessions/service.ts'
import { sessionTerms } from './sessions/session.ts'
import { usersPasswordCheck } from './sign-in/password-check.users.ts'
import { signInResolvers } from './sign-in/resolvers.ts'
import { signInRules } from './sign-in/rules.ts'
import { createSignIn } from './sign-in/service.ts'
import { jwksRoute, type Route } from './signing-keys/jwks-route.ts'
import { createSigningKeyRotation, type SigningKeyRotation } from './signing-keys/rotation.ts'
import { createSigningKeys } from './signing-keys/service.ts'
import type { PublicJwk } from './signing-keys/signing-key.ts'
import { prismaSigningKeyStore } from './signing-keys/store.prisma.ts'
import { chooseStores, type StoreChoice } from './stores.ts'
import { tokenResolvers } from './tokens/resolvers.ts'
import { tokenRules } from './tokens/rules.ts'
import { createTokens } from './tokens/service.ts'
import { createUpkeep } from './upkeep.ts'

export type { AttemptLimit }

export interface SessionsDependencies {
  readonly database: Database
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
  /** Tries for one identifier from one network. */
  readonly attempts: AttemptLimit
}

export interface SessionsApplication {
  readonly subgraph: Subgraph
  /** The public keys access tokens are verified with. */
  jwks(): Promise<{ keys: PublicJwk[] }>
  /** The public key a token names; null when there is none of that name. Unknown names cost no read each. */
  verificationKey(kid: string): Promise<KeyObject | null>
  /** The operator's hand on the signing keys. */
  readonly signingKeys: Omit<SigningKeyRotation, 'keepUp'>
  /** What is public besides the graph, by exact path. */
  readonly routes: Readonly<Record<string, Route>>
  /** Makes the first signing key and applies the revocations Redis may have missed. Rejects when Postgres cannot answer. */
  start(): Promise<void>
  /** Ends the upkeep. Database and Redis belong to whoever opened them. */
  close(): Promise<void>
}

export const rules = {
  Query: sessionRules.Query,
  Mutation: { ...signInRules.Mutation, ...tokenRules.Mutation, ...sessionRules.Mutation },
  User: sessionRules.User,
  Session: sessionRules.Session,
  SignedIn: signInRules.SignedIn,
  SecondFactorRequired: signInRules.SecondFactorRequired,
  SignInRefused: signInRules.SignInRefused,
  SignOutPayload: sessionRules.SignOutPayload,
  RevokeSessionPayload: sessionRules.RevokeSessionPayload,
  RevokeSessionsPayload: sessionRules.RevokeSessionsPayload,
}

const resolvers = {
  ...sessionResolvers,
  ...signInResolvers,
  Mutation: { ...signInResolvers.Mutation, ...tokenResolvers.Mutation, ...sessionResolvers.Mutation },
}

function createServices(dependencies: SessionsDependencies) {
  const { database, records, keyring, clock, entropy, issuer } = dependencies
  const stores = chooseStores(dependencies.store, records)
  const ledger = prismaLedger(database)
  const shared = { keyring, clock, entropy, terms: sessionTerms }
  const signingKeyStore = prismaSigningKeyStore(database)
  const signingKeys = createSigningKeys({ ...shared, store: signingKeyStore })
  const rotation = createSigningKeyRotation({ ...shared, store: signingKeyStore })
  const sessions = createSessions({ ...shared, store: stores.sessions, records, ledger })
  const tokens = createTokens({ ...shared, store: stores.refresh, records, sessions, signingKeys, issuer })
  const attempts = createAttempts({ ...shared, store: stores.attempts, limit: dependencies.attempts })
  const signIn = createSignIn({ attempts, checkPassword: usersPasswordCheck(dependencies.users), sessions, tokens })
  return { stores, ledger, signingKeys, rotation, sessions, tokens, signIn }
}

export function createSessionsSubgraph(dependencies: SessionsDependencies): SessionsApplication {
  const { clock, logger } = dependencies
  const { stores, ledger, signingKeys, rotation, sessions, tokens, signIn } = createServices(dependencies)
  const { mark } = stores
  const reapply = async () => {
    if (mark) await reapplyRevocations({ ledger, store: stores.sessions, mark, clock })
  }
  const upkeep = createUpkeep({ 'revocations applied again': reapply, 'signing keys rotated': rotation.keepUp }, logger)

  return {
    subgraph: createSubgraph<SessionsContext>({
      name: 'sessions',
      typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
      resolvers,
      rules,
      logger,
      contextFor: (_principal, { client }) => ({
        client,
        signIn,
        sessions,
        tokens,
        signedInHere: new Set<object>(),
      }),
    }),
    jwks: signingKeys.jwks,
    verificationKey: signingKeys.verificationKey,
    signingKeys: rotation,
    routes: { '/.well-known/jwks.json': jwksRoute(signingKeys, logger) },
    async start() {
      await signingKeys.ensureFirst()
      await upkeep.start()
    },
    close: upkeep.stop,
  }
}
