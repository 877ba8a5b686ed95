/** Builds the whole application in one process: three subgraphs, and the gateway in front of them. */
import {
  type AffordTerms,
  createForeignSubgraphs,
  createGateway,
  createRecordLoaders,
  followSupergraph,
  type Gateway,
} from '@latchkey/gateway'
import { memoryAccountNews } from '@latchkey/principal/account-news.memory'
import { redisAccountNews } from '@latchkey/principal/account-news.redis'
import { memoryCostBudgets } from '@latchkey/principal/cost-budgets.memory'
import { redisCostBudgets } from '@latchkey/principal/cost-budgets.redis'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { createSealer } from '@latchkey/principal/envelope'
import { memoryUsageStream } from '@latchkey/principal/key-usage.memory'
import { redisUsageStream } from '@latchkey/principal/key-usage.redis'
import { redisKeyringRoll } from '@latchkey/principal/keyring-roll.redis'
import type { Subgraph } from '@latchkey/subgraph'
import type { SupergraphSource } from '@latchkey/subgraph/supergraph-source'
import { type RoleGranted, requireBreachedFile } from '@latchkey/users'
import { assembleSubgraphs } from './assemble-subgraphs.ts'
import { auditFileCommands } from './audit-files.ts'
import { auditCommands } from './audit-office.ts'
import { callersOf } from './callers.ts'
import type { Config } from './config.ts'
import { type CredentialHolders, readCredentialHolders } from './credential-holders.ts'
import { fault } from './embedded/fault.ts'
import { createExplanations, type Explanations } from './explanations.ts'
import { type Foundation, keyringFileOf, keyringToolsOf } from './foundation.ts'
import { keyCheckingOf } from './key-checking.ts'
import { keyCommands, keyFileCommands } from './key-files.ts'
import type { OperatorCommands, TellingCommands } from './operator-socket.ts'
import { privacyCommands, rotationCommands } from './privacy-commands.ts'
import { secretsCommands } from './secrets/office.ts'
import { createSigningKeyOffice, type SigningKeyOffice } from './signing-key-office.ts'
import { createStaleKeysReport, type StaleKeysReport } from './stale-keys.ts'
import { createUnusedKeysReport, type UnusedKeysReport } from './unused-keys.ts'
import { createUserFiles, type UserFiles } from './user-files.ts'

export type { Foundation } from './foundation.ts'
export { openServedSupergraph } from './supergraph-file.ts'

export interface Application {
  readonly gateway: Gateway
  /** What is served, and what is served next. */
  readonly supergraph: Pick<SupergraphSource, 'current' | 'reload'>
  /** Those that run in this process. */
  readonly subgraphs: readonly Subgraph[]
  /** Gives an account a role; answers what became of it in a sentence. */
  grantRole(email: string, role: string): Promise<string>
  /** What access tokens are signed with; each answers in a sentence. */
  readonly signingKeys: SigningKeyOffice
  /** What an operator does about people and the keys that protect them; each answers in a sentence. */
  readonly privacy: OperatorCommands
  /** The same for moving what is kept to the newest keys, which tells how far it has come. */
  readonly rotation: TellingCommands
  /** What an operator does with the versions of secrets. */
  readonly secretsOffice: TellingCommands
  /** What an operator does with audit records. */
  readonly auditing: TellingCommands
  /** Accounts from a file and into one; answers what came of it in a sentence, and tells how far it has come. */
  readonly userFiles: UserFiles
  /** Who holds which scopes. */
  holders(): Promise<CredentialHolders>
  /** Keys whose access list names what the schema does not have, for an operator to read. */
  readonly staleKeys: StaleKeysReport
  /** What an operator asks about keys; each answers in a sentence. */
  readonly keyOffice: OperatorCommands
  /** Keys from a file and into one; tells how far it has come. */
  readonly keyFiles: TellingCommands
  /** Keys that nothing has used for so many days, for an operator to read. */
  readonly unusedKeys: UnusedKeysReport
  /** Whether somebody may run an operation, why, and what would have to change. */
  readonly explanations: Explanations
  /** Begins what runs beside requests: deliveries and upkeep. */
  start(): Promise<void>
  /** Lets requests and deliveries finish, then closes what it opened. */
  close(): Promise<void>
}

export function assemble(foundation: Foundation): Application {
  const { config, redis, redisPrefix: prefix, clock, supergraph, secrets } = foundation
  requireBreachedPasswords(config)
  const news = redis ? redisAccountNews({ redis, prefix }) : memoryAccountNews()
  const records = redis ? redisCredentialRecords({ redis, prefix }) : memoryCredentialRecords({ clock, news })
  const usageStream = redis ? redisUsageStream({ redis, prefix }) : memoryUsageStream({ clock })
  const keyChecking = keyCheckingOf(foundation)
  const services = assembleSubgraphs({ ...foundation, ...keyChecking, records, news, usageStream })
  const seal = createSealer({ issuer: 'gateway', privateKey: () => secrets.signingKey('gateway'), clock })
  const { subgraphUrls, nameServers, subgraphWaits: waits } = config
  const foreign = createForeignSubgraphs({ ours, urls: subgraphUrls, nameServers, seal, waits })
  const reached = foreign.reach(supergraph.current)
  reached.take()
  const gateway = createGateway({
    ...foundation,
    supergraphSdl: supergraph.current,
    transports: { ...services.transports, ...reached.transports },
    ...callersOf({ ...foundation, ...keyChecking, records, services }),
    budgets: services.budgets,
    ...{ news, streams: config.streamLimits },
    limits: config.operationSize,
    cost: config.cost,
    affords: affordsOf(foundation),
    persisted: { level: config.persistedLevel, file: config.operationsFile },
    publicUrl: config.publicUrl,
    authorization: config.authorization,
    introspection: config.introspection,
    overload: config.overload ?? (config.mode === 'production' ? 'shed' : 'off'),
    mode: config.mode,
    origins: config.origins,
    routes: services.routes,
    ready: services.ready,
    healthToken: config.healthToken ?? undefined,
    drainMs: config.drainMs,
    trustedProxies: config.trustedProxies,
    usage: config.keyUsage.kind === 'on' ? usageStream : undefined,
    explaining: { records, ...createRecordLoaders(services.transports), environment: config.keyEnvironment },
    exchanging: { routers: config.routers, seal },
  })
  followSupergraph(supergraph, { gateway, own: services.transports, foreign })
  return {
    gateway,
    subgraphs: [...services.subgraphs, gateway.subgraph],
    grantRole: async (email, role) => sentenceOn(await services.users.grantRole(email, role), { email, role }),
    signingKeys: createSigningKeyOffice(services.sessions.signingKeys),
    privacy: privacyCommands(services.users),
    rotation: rotationCommands(services.users),
    secretsOffice: secretsCommands({
      ...{ clock, keyringFile: () => keyringFileOf(config), ...keyringToolsOf(config) },
      holders: [services.users, services.sessions, services.apiKeys],
      roll: redis && redisKeyringRoll({ redis, prefix }),
      sessionLifetimeMs: Math.max(config.sessionTerms.usual.absoluteMs, config.sessionTerms.remembered.absoluteMs),
    }),
    auditing: {
      ...auditCommands(services.users, services.sessions, services.apiKeys),
      ...auditFileCommands(services.users, services.sessions, services.apiKeys),
    },
    userFiles: createUserFiles(services.users),
    holders: () => readCredentialHolders(services.users, services.apiKeys),
    staleKeys: createStaleKeysReport(services.apiKeys),
    keyOffice: keyCommands(services.apiKeys),
    keyFiles: keyFileCommands(services.apiKeys),
    unusedKeys: createUnusedKeysReport(services.apiKeys),
    explanations: createExplanations({ gateway, users: services.users }),
    supergraph,
    async start() {
      await services.start()
      supergraph.start()
    },
    async close() {
      await supergraph.close()
      await gateway.close()
      await Promise.all([services.close(), foreign.close()])
      news.close()
    },
  }
}

const sentenceOn = (
  { outcome }: RoleGranted,
  { email, role }: { readonly email: string; readonly role: string },
): string => {
  if (outcome === 'UNKNOWN_ACCOUNT')
    throw fault(`There is no account ${email}. Register it and confirm the address first.`)
  if (outcome === 'UNKNOWN_ROLE') throw fault(`There is no role ${role}. The query \`roles\` lists those that exist.`)
  return outcome === 'GRANTED' ? `${email} holds the role ${role} now.` : `${email} held the role ${role} already.`
}

function affordsOf({ config: { costRate }, redis, redisPrefix: prefix, clock }: Foundation): AffordTerms | undefined {
  if (!costRate) return undefined
  const { limit, freeMax } = costRate
  const budgets = redis ? redisCostBudgets({ redis, prefix, limit }) : memoryCostBudgets({ clock, limit })
  return { budgets, freeMax }
}

/** A file that cannot be read is told of at the start, not to whoever sets a password. */
function requireBreachedPasswords({ breachedPasswords: { source } }: Config): void {
  try {
    if (source.kind === 'file') requireBreachedFile(source.path)
  } catch (error) {
    throw fault(error instanceof Error ? error.message : String(error), error)
  }
}

const ours = ['users', 'sessions', 'api-keys']
