/** Users as a process of its own. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
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
import { type HttpTransport, httpTransport } from '@latchkey/subgraph/over-http'
import { runService } from '@latchkey/subgraph/process'
import { declaredScopes } from '@latchkey/subgraph/scope-catalogue'
import { serveSubgraph } from '@latchkey/subgraph/serve'
import { supergraphFile } from '@latchkey/subgraph/supergraph-file'
import { createSupergraphSource } from '@latchkey/subgraph/supergraph-source'
import { untilHad, untilStoresAnswer } from '@latchkey/subgraph/waiting-room'
import { createLogger } from '@latchkey/telemetry'
import { openMetrics } from '@latchkey/telemetry/metrics'
import { openTraces } from '@latchkey/telemetry/traces'
import {
  breachedPasswordsOf,
  type Config,
  emailVerificationOf,
  impersonationNoticeOf,
  mailerOf,
  mailsPerNetworkOf,
  parseConfig,
  webhooksOf,
} from './config.ts'
import { createUsersSubgraph, requireBreachedFile } from './subgraph.ts'

const composed = fileURLToPath(new URL('../../../supergraph.graphql', import.meta.url))

/** Sessions and ApiKeys trust what this service seals with its own key. */
function connectDataHolders(
  { LATCHKEY_SUBGRAPH_URLS: all, LATCHKEY_DNS_SERVERS: nameServers }: Config,
  { signingKey }: KeyringHolder,
) {
  const seal = createSealer({ issuer: 'users', privateKey: () => signingKey('users'), clock })
  const connect = ([name, urls]: [string, readonly string[]]): [string, HttpTransport] => [
    name,
    httpTransport({ subgraph: name, urls, nameServers, seal: (principal) => seal(principal, name) }),
  ]
  return Object.fromEntries(Object.entries(all).map(connect))
}

async function serve(config: Config): Promise<() => Promise<void>> {
  const closeTraces = await openTraces({
    service: 'users',
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
  })
  const logger = createLogger({ level: config.LATCHKEY_LOG_LEVEL, service: 'users' })
  const breachedPasswords = breachedPasswordsOf(config)
  if (breachedPasswords.source.kind === 'file') requireBreachedFile(breachedPasswords.source.path)
  const holder = await untilHad(config, keyringWanted(config, { entropy, clock, logger }), logger)
  const { keyring } = holder
  const dataHolders = connectDataHolders(config, holder)
  const file = config.LATCHKEY_SUPERGRAPH_FILE ?? composed
  const source = createSupergraphSource({ first: readFileSync(file, 'utf8'), supply: supergraphFile(file), logger })
  const { database, ...stores } = openWithReplica({
    ...{ url: config.DATABASE_URL, role: 'latchkey_users', poolMax: config.LATCHKEY_DATABASE_POOL },
    patienceMs: config.LATCHKEY_STORE_PATIENCE,
    ...{ replicaUrl: config.LATCHKEY_DATABASE_REPLICA_URL, lagMaxMs: config.LATCHKEY_DATABASE_REPLICA_LAG * secondMs },
  })
  const redis = openRedis(config.REDIS_URL, config.LATCHKEY_STORE_PATIENCE)
  redis.connect().catch(() => {}) // it goes on trying by itself
  const migrations = requireMigrated(config.DATABASE_URL)
  await untilStoresAnswer(config, { database, migrations, redis }, logger)

  const application = createUsersSubgraph({
    auditKeptDays: config.LATCHKEY_AUDIT_KEPT,
    cleanupBatchRows: config.LATCHKEY_CLEANUP_BATCH,
    laggingReads: stores.laggingReads,
    ...{ database, keyring, clock, entropy, logger, dataHolders },
    records: redisCredentialRecords({ redis, prefix: 'latchkey:' }),
    news: redisAccountNews({ redis, prefix: 'latchkey:' }),
    hashing: { parallel: availableParallelism(), queueMax: config.LATCHKEY_LIMIT_PASSWORD_QUEUE },
    breachedPasswords,
    publicUrl: config.LATCHKEY_PUBLIC_URL,
    mailer: mailerOf(config),
    defaultLanguage: config.LATCHKEY_DEFAULT_LOCALE,
    emailVerification: emailVerificationOf(config),
    deviceTrust: config.LATCHKEY_TRUSTED_DEVICES,
    impersonationNotice: impersonationNoticeOf(config),
    mailsPerNetwork: mailsPerNetworkOf(config),
    profileSchemas: config.LATCHKEY_PROFILE_SCHEMA ? readFileSync(config.LATCHKEY_PROFILE_SCHEMA, 'utf8') : null,
    webhooks: webhooksOf(config),
    declaredScopes: source.reading(declaredScopes),
  })
  const roll = redisKeyringRoll({ redis, prefix: 'latchkey:' })
  const rollCall = startRollCall({ roll, service: 'users', versions: holder.versions, clock, entropy })
  const closeMetrics = await openMetrics(config.HOST, config.LATCHKEY_METRICS_PORT)
  const served = await serveSubgraph(application.subgraph, {
    host: config.HOST,
    port: config.PORT,
    open: createOpener({ audience: 'users', trusted: trusting(holder, 'gateway', 'sessions', 'api-keys'), clock }),
    routes: application.routes,
    ready: createHealth({ database: answering(() => database.ping()), redis: answering(() => redis.ping()) }, clock),
    healthToken: config.LATCHKEY_HEALTH_TOKEN,
    drainMs: config.LATCHKEY_DRAIN_SECONDS * secondMs,
    logger,
  })
  application.start()
  source.start()
  process.on('SIGHUP', source.reload)
  const sent = config.LATCHKEY_SMTP_URL ? 'leaves by SMTP' : 'waits in the outbox: no mail server is configured'
  const mail = application.mail ? `${served.url}/dev/mail` : sent
  logger.info({ url: served.url, mail }, 'users is serving')

  return async () => {
    closeMetrics()
    await source.close()
    await served.close()
    await application.close()
    await Promise.all(Object.values(dataHolders).map((transport) => transport.close()))
    await stores.close()
    await rollCall.close()
    holder.close()
    redis.disconnect()
    await closeTraces()
  }
}

await runService('users', () => serve(parseConfig(process.env)))
