/** ApiKeys as a process of its own. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { systemClock as clock, systemEntropy as entropy, secondMs } from '@latchkey/clock'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { createOpener, createSealer, trusting } from '@latchkey/principal/envelope'
import { redisKeyBudgets } from '@latchkey/principal/key-budgets.redis'
import { createKeyThrottle } from '@latchkey/principal/key-throttle'
import { redisUsageStream } from '@latchkey/principal/key-usage.redis'
import { startRollCall } from '@latchkey/principal/keyring-roll'
import { redisKeyringRoll } from '@latchkey/principal/keyring-roll.redis'
import { openRedis } from '@latchkey/principal/redis'
import { redisWrongKeys } from '@latchkey/principal/wrong-keys.redis'
import { requireMigrated } from '@latchkey/prisma/migrations'
import { openWithReplica } from '@latchkey/prisma/replica'
import { readPublicGraph } from '@latchkey/public-graph'
import type { KeyringHolder } from '@latchkey/secrets/file'
import { keyringWanted } from '@latchkey/secrets/follow'
import { answering, createHealth } from '@latchkey/subgraph/health'
import { httpTransport } from '@latchkey/subgraph/over-http'
import { runService } from '@latchkey/subgraph/process'
import { serveSubgraph } from '@latchkey/subgraph/serve'
import { supergraphFile } from '@latchkey/subgraph/supergraph-file'
import { createSupergraphSource } from '@latchkey/subgraph/supergraph-source'
import { untilHad, untilStoresAnswer } from '@latchkey/subgraph/waiting-room'
import { createLogger } from '@latchkey/telemetry'
import { openMetrics } from '@latchkey/telemetry/metrics'
import { openTraces } from '@latchkey/telemetry/traces'
import { budgetTermsOf, type Config, keyEnvironmentOf, parseConfig, usageKeptOf, wrongKeyBudgetOf } from './config.ts'
import { scopesInGraph } from './scopes-in-graph.ts'
import { createApiKeysSubgraph, usesWrittenIn, verifyScope } from './subgraph.ts'
import { scopeRequirementsIn } from './usage/scope-requirements.ts'

const composed = fileURLToPath(new URL('../../../supergraph.graphql', import.meta.url))

const prefix = 'latchkey:'

/** Users trusts what this service seals with its own key. */
function connectUsers(
  { LATCHKEY_SUBGRAPH_URLS: urls, LATCHKEY_DNS_SERVERS: nameServers }: Config,
  { signingKey }: KeyringHolder,
) {
  const seal = createSealer({ issuer: 'api-keys', privateKey: () => signingKey('api-keys'), clock })
  return httpTransport({ subgraph: 'users', urls, nameServers, seal: (principal) => seal(principal, 'users') })
}

async function serve(config: Config): Promise<() => Promise<void>> {
  const closeTraces = await openTraces({
    service: 'api-keys',
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
  })
  const logger = createLogger({ level: config.LATCHKEY_LOG_LEVEL, service: 'api-keys' })
  const holder = await untilHad(config, keyringWanted(config, { entropy, clock, logger }), logger)
  const { keyring } = holder
  const users = connectUsers(config, holder)
  const file = config.LATCHKEY_SUPERGRAPH_FILE ?? composed
  const source = createSupergraphSource({ first: readFileSync(file, 'utf8'), supply: supergraphFile(file), logger })
  const { database, ...stores } = openWithReplica({
    ...{ url: config.DATABASE_URL, role: 'latchkey_api_keys', poolMax: config.LATCHKEY_DATABASE_POOL },
    patienceMs: config.LATCHKEY_STORE_PATIENCE,
    ...{ replicaUrl: config.LATCHKEY_DATABASE_REPLICA_URL, lagMaxMs: config.LATCHKEY_DATABASE_REPLICA_LAG * secondMs },
  })
  const redis = openRedis(config.REDIS_URL, config.LATCHKEY_STORE_PATIENCE)
  redis.connect().catch(() => {}) // it goes on trying by itself
  const migrations = requireMigrated(config.DATABASE_URL)
  await untilStoresAnswer(config, { database, migrations, redis }, logger)

  const application = createApiKeysSubgraph({
    auditKeptDays: config.LATCHKEY_AUDIT_KEPT,
    cleanupBatchRows: config.LATCHKEY_CLEANUP_BATCH,
    laggingReads: stores.laggingReads,
    database,
    records: redisCredentialRecords({ redis, prefix }),
    users,
    throttle: createKeyThrottle({
      store: redisWrongKeys({ redis, prefix, entropy }),
      budget: wrongKeyBudgetOf(config),
      peppers: keyring,
      clock,
    }),
    budgets: redisKeyBudgets({
      ...{ redis, prefix, terms: budgetTermsOf(config) },
      loadUsesSpent: usesWrittenIn(database),
    }),
    keyring,
    clock,
    entropy,
    logger,
    environment: keyEnvironmentOf(config),
    scopesInGraph: source.reading(scopesInGraph),
    publicGraph: source.reading(readPublicGraph),
    usageStream: redisUsageStream({ redis, prefix }),
    usageKept: usageKeptOf(config),
    requirementsInGraph: source.reading(scopeRequirementsIn),
    noticePauseMs: config.LATCHKEY_KEY_NOTICE_INTERVAL,
  })
  const roll = redisKeyringRoll({ redis, prefix })
  const rollCall = startRollCall({ roll, service: 'api-keys', versions: holder.versions, clock, entropy })
  const closeMetrics = await openMetrics(config.HOST, config.LATCHKEY_METRICS_PORT)
  const { LATCHKEY_KEY_VERIFIERS: verifiers } = config
  const served = await serveSubgraph(application.subgraph, {
    host: config.HOST,
    port: config.PORT,
    open: createOpener({
      audience: 'api-keys',
      trusted: { ...verifiers, ...trusting(holder, 'gateway', 'users') },
      granted: Object.fromEntries(Object.keys(verifiers).map((name) => [name, [verifyScope]])),
      clock,
    }),
    ready: createHealth({ database: answering(() => database.ping()), redis: answering(() => redis.ping()) }, clock),
    healthToken: config.LATCHKEY_HEALTH_TOKEN,
    drainMs: config.LATCHKEY_DRAIN_SECONDS * secondMs,
    logger,
  })
  application.start()
  source.start()
  process.on('SIGHUP', source.reload)
  logger.info({ url: served.url }, 'api-keys is serving')

  return async () => {
    closeMetrics()
    await source.close()
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

await runService('api-keys', () => serve(parseConfig(process.env)))
