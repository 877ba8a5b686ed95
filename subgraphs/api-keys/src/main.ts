/** ApiKeys as a process of its own. */
import { readFileSync } from 'node:fs'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { createOpener } from '@latchkey/principal/envelope'
import { redisKeyBudgets } from '@latchkey/principal/key-budgets.redis'
import { openRedis } from '@latchkey/principal/redis'
import { openDatabase } from '@latchkey/prisma'
import { Problem } from '@latchkey/problem'
import { readKeyringFile } from '@latchkey/secrets/file'
import { runService } from '@latchkey/subgraph/process'
import { serveSubgraph } from '@latchkey/subgraph/serve'
import { createLogger } from '@latchkey/telemetry'
import { openMetrics } from '@latchkey/telemetry/metrics'
import { budgetTermsOf, type Config, keyEnvironmentOf, parseConfig } from './config.ts'
import { scopesInGraph } from './scopes-in-graph.ts'
import { createApiKeysSubgraph, usesWrittenIn } from './subgraph.ts'

const composed = new URL('../../../supergraph.graphql', import.meta.url)

async function serve(config: Config): Promise<() => Promise<void>> {
  const logger = createLogger({ level: config.LATCHKEY_LOG_LEVEL, service: 'api-keys' })
  const { keyring, publicKeys } = readKeyringFile(config.LATCHKEY_KEYRING_FILE, entropy)
  const scopes = scopesInGraph(readFileSync(config.LATCHKEY_SUPERGRAPH_FILE ?? composed, 'utf8'))
  const database = openDatabase({ url: config.DATABASE_URL, role: 'latchkey_api_keys' })
  const redis = openRedis(config.REDIS_URL)
  await Promise.all([reached('DATABASE_URL', database.ping()), reached('REDIS_URL', redis.connect())])

  const application = createApiKeysSubgraph({
    database,
    records: redisCredentialRecords({ redis, prefix: 'latchkey:' }),
    budgets: redisKeyBudgets({
      ...{ redis, prefix: 'latchkey:', clock, terms: budgetTermsOf(config) },
      loadUsesSpent: usesWrittenIn(database),
    }),
    keyring,
    clock,
    entropy,
    logger,
    environment: keyEnvironmentOf(config),
    scopesInGraph: () => scopes,
  })
  const closeMetrics = await openMetrics(config.HOST, config.LATCHKEY_METRICS_PORT)
  const served = await serveSubgraph(application.subgraph, {
    host: config.HOST,
    port: config.PORT,
    open: createOpener({ audience: 'api-keys', trusted: publicKeys('gateway', 'users'), clock }),
    ready: () => Promise.all([database.ping(), redis.ping()]).then(() => true),
    logger,
  })
  application.start()
  logger.info({ url: served.url }, 'api-keys is serving')

  return async () => {
    closeMetrics()
    await served.close()
    await application.close()
    await database.close()
    redis.disconnect()
  }
}

/** The address itself is not told: it may hold a password. */
async function reached(variable: string, attempt: Promise<unknown>): Promise<void> {
  await attempt.catch((cause: unknown) => {
    const reason = cause instanceof Problem ? cause.detail : String(cause)
    throw new Error(`nothing answers at ${variable}: ${reason}`, { cause })
  })
}

await runService('api-keys', () => serve(parseConfig(process.env)))
