/** The three subgraphs of one process, on stores and keys that they share. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import {
  type ApiKeysApplication,
  createApiKeysSubgraph,
  scopeRequirementsIn,
  scopesInGraph,
  usesWrittenIn,
} from '@latchkey/api-keys'
import type { AccountNews } from '@latchkey/principal/account-news'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import { memoryKeyBudgets } from '@latchkey/principal/key-budgets.memory'
import { redisKeyBudgets } from '@latchkey/principal/key-budgets.redis'
import type { UsageStream } from '@latchkey/principal/key-usage'
import { principalJwksPath, principalJwksRoute } from '@latchkey/principal/principal-jwks'
import type { DatabaseRole } from '@latchkey/prisma'
import { openWithReplica } from '@latchkey/prisma/replica'
import { readPublicGraph } from '@latchkey/public-graph'
import { type AttemptLimit, createSessionsSubgraph, type SessionsApplication } from '@latchkey/sessions'
import type { Subgraph } from '@latchkey/subgraph'
import { answering, createHealth } from '@latchkey/subgraph/health'
import { inProcessTransport } from '@latchkey/subgraph/in-process'
import { declaredScopes } from '@latchkey/subgraph/scope-catalogue'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { createUsersSubgraph } from '@latchkey/users'
import type { Config } from './config.ts'
import type { Foundation } from './foundation.ts'
import { type KeyChecking, verifierRoutes } from './key-checking.ts'

interface Assembly extends Foundation, KeyChecking {
  readonly records: CredentialRecords
  readonly news: AccountNews
  readonly usageStream: UsageStream
}

export function assembleSubgraphs(assembly: Assembly) {
  const { config, databaseUrl, redis, redisPrefix: prefix, secrets, supergraph } = assembly
  const open = (role: DatabaseRole) =>
    openWithReplica({
      ...{ url: databaseUrl, role, poolMax: config.databasePoolMax, patienceMs: config.storePatienceMs },
      ...config.databaseReplica,
    })
  const databases = {
    users: open('latchkey_users'),
    sessions: open('latchkey_sessions'),
    apiKeys: open('latchkey_api_keys'),
  }
  const shared = { ...assembly, keyring: secrets.keyring, cleanupBatchRows: config.cleanupBatchRows }
  // Users and Sessions ask each other, and none of them before all are made.
  const whenMade =
    (find: () => { readonly subgraph: Subgraph }): SubgraphTransport =>
    (request) =>
      inProcessTransport(find().subgraph)(request)
  const users = createUsersSubgraph({
    auditKeptDays: config.auditKeptDays,
    ...shared,
    ...databases.users,
    hashing: { parallel: availableParallelism(), queueMax: config.passwordQueueMax },
    breachedPasswords: config.breachedPasswords,
    publicUrl: config.publicUrl,
    mailer: config.smtp ?? (config.mode === 'development' ? 'mailbox' : 'undelivered'),
    defaultLanguage: config.defaultLanguage,
    emailVerification: config.emailVerification,
    deviceTrust: config.trustedDevices,
    impersonationNotice: config.impersonationNotice,
    mailsPerNetwork: mailLimitOf(config),
    profileSchemas: config.profileSchemaFile === null ? null : readFileSync(config.profileSchemaFile, 'utf8'),
    declaredScopes: supergraph.reading(declaredScopes),
    webhooks: config.webhooks,
    dataHolders: { sessions: whenMade(() => sessions), 'api-keys': whenMade(() => apiKeys) },
  })
  const sessions: SessionsApplication = createSessionsSubgraph({
    auditKeptDays: config.auditKeptDays,
    ...shared,
    ...databases.sessions,
    store: redis ? { redis, prefix } : 'memory',
    users: inProcessTransport(users.subgraph),
    issuer: config.publicUrl,
    attempts: attemptLimitOf(config),
    magicLinks: config.magicLinks,
    terms: config.sessionTerms,
  })
  const counting = {
    ...{ clock: assembly.clock, terms: config.budgetTerms },
    loadUsesSpent: usesWrittenIn(databases.apiKeys.database),
  }
  const budgets = redis ? redisKeyBudgets({ redis, prefix, ...counting }) : memoryKeyBudgets(counting)
  const apiKeys: ApiKeysApplication = createApiKeysSubgraph({
    auditKeptDays: config.auditKeptDays,
    ...shared,
    budgets,
    ...databases.apiKeys,
    users: inProcessTransport(users.subgraph),
    environment: config.keyEnvironment,
    scopesInGraph: supergraph.reading(scopesInGraph),
    publicGraph: supergraph.reading(readPublicGraph),
    usageKept: config.keyUsage.kept,
    requirementsInGraph: supergraph.reading(scopeRequirementsIn),
    noticePauseMs: config.keyNoticePauseMs,
  })
  const all = [users, sessions, apiKeys]
  return {
    users,
    sessions,
    apiKeys,
    budgets,
    subgraphs: all.map(({ subgraph }) => subgraph),
    transports: Object.fromEntries(all.map(({ subgraph }) => [subgraph.name, inProcessTransport(subgraph)])),
    routes: {
      ...{ ...sessions.routes, ...users.routes, ...verifierRoutes(assembly, apiKeys.subgraph) },
      [principalJwksPath]: principalJwksRoute(() => secrets.signingKeys('gateway')),
    },
    ready: createHealth(
      {
        database: answering(() => Promise.all(Object.values(databases).map(({ database }) => database.ping()))),
        ...(redis && { redis: answering(() => redis.ping()) }),
        signingKey: answering(() => sessions.jwks()),
      },
      assembly.clock,
    ),
    async start() {
      await Promise.all(all.map((application) => application.start()))
    },
    async close() {
      await Promise.all(all.map((application) => application.close()))
      await Promise.all(Object.values(databases).map((database) => database.close()))
    },
  }
}

function attemptLimitOf({ attemptLimits: limits }: Config): AttemptLimit {
  if (limits.kind === 'off') return 'unlimited'
  const { attemptsMax, windowMs, strangersMax, networkMax } = limits
  return { max: attemptsMax, windowMs, identifierMax: strangersMax, networkMax }
}

const mailLimitOf = ({ attemptLimits, networkMailsMax }: Config) =>
  attemptLimits.kind === 'off' ? ('unlimited' as const) : { max: networkMailsMax, windowMs: 600_000 }
