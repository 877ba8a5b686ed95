/** Sessions as a process of its own. */
import { systemClock as clock, systemEntropy as entropy, secondMs } from '@latchkey/clock'
import { redisAccountNews } from '@latchkey/principal/account-news.redis'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { createOpener, createSealer, trusting } from '@latchkey/principal/envelope'
import { startRollCall } from '@latchkey/principal/keyring-roll'
import { redisKeyringRoll } from '@latchkey/principal/keyring-roll.redis'
import { openRedis } from '@latchkey/principal/redis'
import { requireMigrated } from '@latchkey/prisma/migrations'
import { openWithReplica } from '@latchkey/prisma/replica'
import type { KeyringHolder } from '@latchkey/secrets/file'
import { keyringWanted } from '@latchkey/secrets/follow'
import { answering, createHealth } from '@latchkey/subgraph/health'
import { httpTransport } from '@latchkey/subgraph/over-http'
import { runService } from '@latchkey/subgraph/process'
import { serveSubgraph } from '@latchkey/subgraph/serve'
import { untilHad, untilStoresAnswer } from '@latchkey/subgraph/waiting-room'
import { createLogger } from '@latchkey/telemetry'
import { openMetrics } from '@latchkey/telemetry/metrics'
import { openTraces } from '@latchkey/telemetry/traces'
import { attemptLimitOf, type Config, issuerOf, parseConfig, sessionTermsOf } from './config.ts'
import { createSessionsSubgraph } from './subgraph.ts'

const prefix = 'latchkey:'

/** Users trusts what this service seals with its own key. */
function connectUsers(
  { LATCHKEY_SUBGRAPH_URLS: urls, LATCHKEY_DNS_SERVERS: nameServers }: Config,
  { signingKey }: KeyringHolder,
) {
  const seal = createSealer({ issuer: 'sessions', privateKey: () => signingKey('sessions'), clock })
  return httpTransport({ subgraph: 'users', urls, nameServers, seal: (principal) => seal(principal, 'users') })
}

async function serve(config: Config): Promise<() => Promise<void>> {
  const closeTraces = await openTraces({
    service: 'sessions',
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
  })
  const logger = createLogger({ level: config.LATCHKEY_LOG_LEVEL, service: 'sessions' })
  const holder = await untilHad(config, keyringWanted(config, { entropy, clock, logger }), logger)
  const { database, ...stores } = openWithReplica({
    ...{ url: config.DATABASE_URL, role: 'latchkey_sessions', poolMax: config.LATCHKEY_DATABASE_POOL },
    patienceMs: config.LATCHKEY_STORE_PATIENCE,
    ...{ replicaUrl: config.LATCHKEY_DATABASE_REPLICA_URL, lagMaxMs: config.LATCHKEY_DATABASE_REPLICA_LAG * secondMs },
  })
  const redis = openRedis(config.REDIS_URL, config.LATCHKEY_STORE_PATIENCE)
  const users = connectUsers(config, holder)
  redis.connect().catch(() => {}) // it goes on trying by itself
  const migrations = requireMigrated(config.DATABASE_URL)
  await untilStoresAnswer(config, { database, migrations, redis }, logger)

  const application = createSessionsSubgraph({
    auditKeptDays: config.LATCHKEY_AUDIT_KEPT,
    cleanupBatchRows: config.LATCHKEY_CLEANUP_BATCH,
    laggingReads: stores.laggingReads,
    ...{ database, users, clock, entropy, logger, keyring: holder.keyring },
    records: redisCredentialRecords({ redis, prefix }),
    news: redisAccountNews({ redis, prefix }),
    store: { redis, prefix },
    issuer: issuerOf(config),
    attempts: attemptLimitOf(config),
    magicLinks: config.LATCHKEY_MAGIC_LINKS,
    terms: sessionTermsOf(config),
  })
  await application.start()
  const roll = redisKeyringRoll({ redis, prefix })
  const rollCall = startRollCall({ roll, service: 'sessions', versions: holder.versions, clock, entropy })
  const closeMetrics = await openMetrics(config.HOST, config.LATCHKEY_METRICS_PORT)
  const served = await serveSubgraph(application.subgraph, {
    host: config.HOST,
    port: config.PORT,
    open: createOpener({ audience: 'sessions', trusted: trusting(holder, 'gateway', 'users'), clock }),
    routes: application.routes,
    ready: createHealth(
      {
        database: answering(() => database.ping()),
        redis: answering(() => redis.ping()),
        signingKey: answering(() => application.jwks()),
      },
      clock,
    ),
    healthToken: config.LATCHKEY_HEALTH_TOKEN,
    drainMs: config.LATCHKEY_DRAIN_SECONDS * secondMs,
    logger,
  })
  logger.info({ url: served.url }, 'sessions is serving')

  return async () => {
    closeMetrics()
    await served.close()
    await application.close()
    await users.close()
    await stores.close()
    await rollCall.close()
    holder.close()
    redis.disconnect()
    await closeTraces()
  }
}

await runService('sessions', () => serve(parseConfig(process.env)))
