/** The gateway as a process of its own. With `--without-identity`: the engine alone, for any supergraph without access directives. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock as clock, systemEntropy as entropy, secondMs } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { redisAccountNews } from '@latchkey/principal/account-news.redis'
import { redisCostBudgets } from '@latchkey/principal/cost-budgets.redis'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { createSealer, type OnBehalf, type Sealer } from '@latchkey/principal/envelope'
import { redisKeyBudgets } from '@latchkey/principal/key-budgets.redis'
import { createKeyProof } from '@latchkey/principal/key-proof'
import { createKeyThrottle } from '@latchkey/principal/key-throttle'
import { redisUsageStream } from '@latchkey/principal/key-usage.redis'
import { startRollCall } from '@latchkey/principal/keyring-roll'
import { redisKeyringRoll } from '@latchkey/principal/keyring-roll.redis'
import { principalJwksPath, principalJwksRoute } from '@latchkey/principal/principal-jwks'
import { openRedis } from '@latchkey/principal/redis'
import { createRemoteKeys, fetchKeysBehind } from '@latchkey/principal/remote-keys'
import { redisWrongKeys } from '@latchkey/principal/wrong-keys.redis'
import { keyringWanted } from '@latchkey/secrets/follow'
import { answering, createHealth, missed } from '@latchkey/subgraph/health'
import { type HttpTransport, httpTransport } from '@latchkey/subgraph/over-http'
import { runService } from '@latchkey/subgraph/process'
import { untilHad, untilStoresAnswer } from '@latchkey/subgraph/waiting-room'
import type { SubgraphWaits } from '@latchkey/subgraph/waits'
import { createLogger } from '@latchkey/telemetry'
import { openMetrics } from '@latchkey/telemetry/metrics'
import { openTraces } from '@latchkey/telemetry/traces'
import { followPolicies } from './authorize/policies-file.ts'
import {
  budgetTermsOf,
  type Config,
  costOf,
  costRateOf,
  keyEnvironmentOf,
  limitsOf,
  parseConfig,
  persistedOf,
  publicUrlOf,
  streamLimitsOf,
  waitsOf,
  wrongKeyBudgetOf,
} from './config.ts'
import {
  createAccessTokenRecogniser,
  createApiKeyRecall,
  createApiKeyRecogniser,
  createForeignKeyIds,
  createForeignSubgraphs,
  createGateway,
  createKeyErrands,
  createKeyRenewal,
  createRecordLoaders,
  followSupergraph,
  openSupergraph,
  readSubgraphUrls,
  type SupergraphOrigin,
} from './gateway.ts'
import { forwardTo } from './http/forward.ts'
import { saysReady } from './http/readiness.ts'

const composed = fileURLToPath(new URL('../../supergraph.graphql', import.meta.url))

type Urls = Readonly<Record<string, readonly string[]>>
type Transports = Readonly<Record<string, HttpTransport>>

/** What the gateway asks besides answering operations; of the subgraphs, these three are where they were at the start. */
const ownSubgraphs = ['users', 'sessions', 'api-keys']

/** Where each of our own is: as the environment says, else as the supergraph was composed. */
const ownUrlsOf = (supergraphSdl: string, given: Urls): Urls =>
  Object.fromEntries(
    readSubgraphUrls(supergraphSdl).flatMap(({ name, url }) =>
      ownSubgraphs.includes(name) ? [[name, given[name] ?? [url]]] : [],
    ),
  )

function openTransports(urls: Urls, nameServers: readonly string[], seal: Sealer, waits: SubgraphWaits): Transports {
  const open = (name: string, replicas: readonly string[]) =>
    httpTransport({
      ...{
        subgraph: name,
        ...{ urls: replicas, nameServers, ...waits },
        seal: (principal: Principal, onBehalf?: OnBehalf) => seal(principal, name, onBehalf),
      },
      ...(name === 'sessions' && { tokens: 'passed on' as const }),
    })
  return Object.fromEntries(Object.entries(urls).map(([name, replicas]) => [name, open(name, replicas)]))
}

function originOf(config: Config, seal: Sealer): SupergraphOrigin {
  const { LATCHKEY_SUPERGRAPH_FILE: file, LATCHKEY_SUPERGRAPH_CONFIG: source } = config
  if (source === undefined) return { kind: 'file', file: file ?? composed }
  const keptIn = config.LATCHKEY_DATA_DIR ?? join(tmpdir(), 'latchkey')
  return { kind: 'composed', config: source, writtenTo: file ?? null, keptIn, seal }
}

async function serve(config: Config): Promise<() => Promise<void>> {
  const closeTraces = await openTraces({
    service: 'gateway',
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
  })
  const logger = createLogger({ level: config.LATCHKEY_LOG_LEVEL, service: 'gateway' })
  const holder = await untilHad(config, keyringWanted(config, { entropy, clock, logger }), logger)
  const seal = createSealer({ issuer: 'gateway', privateKey: () => holder.signingKey('gateway'), clock })
  const source = await openSupergraph(originOf(config, seal), logger)
  const { policies, reload: reloadPolicies } = await followPolicies(config.LATCHKEY_POLICIES_FILE, logger)
  const { current: supergraphSdl } = source
  const { LATCHKEY_SUBGRAPH_URLS: given = {}, LATCHKEY_DNS_SERVERS: nameServers } = config
  const waits = waitsOf(config)
  const transports = openTransports(ownUrlsOf(supergraphSdl, given), nameServers, seal, waits)
  const foreign = createForeignSubgraphs({ ours: ownSubgraphs, urls: given, nameServers, seal, waits })
  const reached = foreign.reach(supergraphSdl)
  reached.take()
  const redis = openRedis(config.REDIS_URL, config.LATCHKEY_STORE_PATIENCE)
  redis.connect().catch(() => {}) // it goes on trying by itself
  await untilStoresAnswer(config, { redis }, logger)

  const publicUrl = publicUrlOf(config)
  const isDevelopment = config.NODE_ENV !== 'production'
  const prefix = 'latchkey:'
  const { keyring } = holder
  const records = redisCredentialRecords({ redis, prefix })
  const news = redisAccountNews({ redis, prefix })
  const throttle = createKeyThrottle({
    store: redisWrongKeys({ redis, prefix, entropy }),
    budget: wrongKeyBudgetOf(config),
    peppers: keyring,
    clock,
  })
  const loaders = createRecordLoaders(transports)
  const shared = { records, clock, logger, ...loaders }
  const errands = createKeyErrands(transports)
  const verificationKey = createRemoteKeys({
    fetchKeys: fetchKeysBehind(() => transports.sessions?.doors() ?? []),
    clock,
  })
  const keys = {
    ...{ ...shared, throttle, provesKey: createKeyProof(keyring) },
    environment: keyEnvironmentOf(config),
    foreignKeyIdOf: createForeignKeyIds(errands),
    renewKey: createKeyRenewal({ ...shared, ...errands, keyring }),
  }
  const rate = costRateOf(config)
  const gateway = createGateway({
    ...{ supergraphSdl, policies, logger, clock, entropy, limits: limitsOf(config), cost: costOf(config) },
    persisted: persistedOf(config),
    affords: rate ? { budgets: redisCostBudgets({ redis, prefix, ...rate }), ...rate } : undefined,
    transports: { ...reached.transports, ...transports },
    recognisers: [
      createAccessTokenRecogniser({ ...shared, verificationKey, issuer: publicUrl }),
      createApiKeyRecogniser(keys),
    ],
    recallKey: createApiKeyRecall(keys),
    budgets: redisKeyBudgets({ redis, prefix, terms: budgetTermsOf(config), ...loaders }),
    news,
    streams: streamLimitsOf(config),
    publicUrl,
    authorization: config.LATCHKEY_AUTHORIZATION,
    introspection: config.LATCHKEY_INTROSPECTION,
    overload: config.LATCHKEY_OVERLOAD ?? (isDevelopment ? 'off' : 'shed'),
    mode: isDevelopment ? 'development' : 'production',
    origins: config.LATCHKEY_ORIGINS,
    routes: {
      ...routesOf(transports, isDevelopment ? shownInDevelopment : shown),
      [principalJwksPath]: principalJwksRoute(() => holder.signingKeys('gateway')),
    },
    ready: createHealth({ redis: answering(() => redis.ping()), ...subgraphsReady(transports) }, clock),
    healthToken: config.LATCHKEY_HEALTH_TOKEN,
    drainMs: config.LATCHKEY_DRAIN_SECONDS * secondMs,
    trustedProxies: config.LATCHKEY_TRUSTED_PROXIES,
    usage: config.LATCHKEY_USAGE === 'on' ? redisUsageStream({ redis, prefix: 'latchkey:' }) : undefined,
    explaining: { records, ...loaders, environment: keyEnvironmentOf(config) },
    exchanging: { routers: config.LATCHKEY_ROUTERS, seal },
  })
  const roll = redisKeyringRoll({ redis, prefix })
  const rollCall = startRollCall({ roll, service: 'gateway', versions: holder.versions, clock, entropy })
  const closeMetrics = await openMetrics(config.HOST, config.LATCHKEY_METRICS_PORT)
  const { url } = await gateway.listen({ host: config.HOST, port: config.PORT })
  logger.info({ url: `${url}/graphql` }, 'the gateway is serving')
  followSupergraph(source, { gateway, own: transports, foreign })
  source.start()
  process.on('SIGHUP', source.reload)
  process.on('SIGHUP', reloadPolicies)

  return async () => {
    await source.close()
    await gateway.close()
    closeMetrics()
    await Promise.all([...Object.values(transports).map((transport) => transport.close()), foreign.close()])
    news.close()
    await rollCall.close()
    holder.close()
    redis.disconnect()
    await closeTraces()
  }
}

/** Ours answer `/health/ready`; what another team adds to the graph need not. */
const subgraphsReady = (transports: Transports) =>
  Object.fromEntries(Object.entries(transports).map(([name, { doors }]) => [name, missed(saysReady(doors))]))

/** What subgraphs show besides the graph, at the same path here: by path, whose it is. */
const shown: Readonly<Record<string, string>> = {
  '/.well-known/jwks.json': 'sessions',
  '/verify-email': 'users',
  '/reset-password': 'users',
  '/accept-invitation': 'users',
  '/undo-deletion': 'users',
  '/confirm-email': 'users',
  '/undo-email-change': 'users',
  '/not-me': 'users',
  '/sign-in': 'users',
}
const shownInDevelopment: Readonly<Record<string, string>> = {
  ...shown,
  '/dev/mail': 'users',
  '/dev/passkeys': 'users',
}

const routesOf = (transports: Transports, owners: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(owners).map(([path, owner]) => [path, forwardTo(transports[owner]?.doors ?? (() => []))]),
  )

// An entry of its own, and absent from the image.
await (process.argv.includes('--without-identity')
  ? import('./plain.ts')
  : runService('the gateway', () => serve(parseConfig(process.env))))
