/** Opens what the application stands on: the claimed data folder, the stores, the keyring, the log. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, systemClock as clock, type Entropy, systemEntropy as entropy } from '@latchkey/clock'
import type { Policies } from '@latchkey/gateway'
import { followPolicies } from '@latchkey/gateway/policies'
import { openRedis, type Redis } from '@latchkey/principal/redis'
import { applyMigrations } from '@latchkey/prisma/migrations'
import { createKeyringFile, type KeyringHolder, openKeyringFile } from '@latchkey/secrets/file'
import { followKeyringFile } from '@latchkey/secrets/follow'
import { isAway, keyManagementOf } from '@latchkey/secrets/kms'
import type { SupergraphSource } from '@latchkey/subgraph/supergraph-source'
import { createLogger, type Logger } from '@latchkey/telemetry'
import type { Config, Environment } from './config.ts'
import { claimDataFolder } from './embedded/data-folder.ts'
import { fault } from './embedded/fault.ts'
import { openStores, type Stores } from './embedded/stores.ts'
import type { Progress } from './progress.ts'
import { openServedSupergraph } from './supergraph-file.ts'

/** What the application stands on; opened before, and closed after it. */
export interface Foundation {
  readonly config: Config
  readonly databaseUrl: string
  /** `null`: sessions, grants and counters live in this process and end with it. */
  readonly redis: Redis | null
  /** Keeps installations and tests that share a Redis apart. */
  readonly redisPrefix: string
  readonly secrets: KeyringHolder
  /** The application closes it. */
  readonly supergraph: SupergraphSource
  /** What `@policy` names in the supergraph; nobody may ask what it guards when there are none. */
  readonly policies?: Policies
  /** Reads them anew. */
  readonly reloadPolicies?: () => Promise<void>
  readonly logger: Logger
  readonly clock: Clock
  readonly entropy: Entropy
}

/** What to undo at the end, in reverse order. */
export type Undo = () => unknown

export interface Opened {
  readonly foundation: Foundation
  /** Resolves with one line when a store that was started here ends without having been asked to. */
  readonly lost: Promise<string>
}

/** How every key of ours in Redis begins. */
export const redisPrefix = 'latchkey:'

/** The keyring that was named, or in development one that is made when missing. */
export function keyringFileOf(config: Pick<Config, 'keyringFile' | 'dataDir'>): string {
  if (config.keyringFile) return config.keyringFile
  const own = join(config.dataDir, 'keyring.json')
  if (!existsSync(own)) createKeyringFile(own, entropy)
  return own
}

/** What an operator's command needs to read a keyring and to change it. */
export const keyringToolsOf = ({ keyManagement }: Config) => ({ entropy, kms: keyManagementOf(keyManagement) })

/** Rejects with a Fault when it cannot be read. */
export const readKeyring = (config: Config): Promise<KeyringHolder> =>
  openKeyringFile(keyringFileOf(config), keyringToolsOf(config), clock).catch((thrown: Error) => {
    throw fault(thrown.message, thrown)
  })

/** The same, and takes what it says later. While key management is away it goes by what was opened whether that is waited for. */
async function followKeyring(config: Config, logger: Logger, { whenAway }: Pick<Opening, 'whenAway'>) {
  const options = { entropy, clock, logger, kms: keyManagementOf(config.keyManagement) }
  for (;;)
    try {
      return await followKeyringFile(keyringFileOf(config), options)
    } catch (thrown) {
      const { message } = thrown as Error
      if (!whenAway || !isAway(thrown)) throw fault(message, thrown)
      await whenAway(message)
    }
}

const openPolicies = (config: Config, logger: Logger) =>
  followPolicies(config.policiesFile, logger).catch((thrown: Error) => {
    throw fault(thrown.message, thrown)
  })

const migrate = (url: string) =>
  applyMigrations(url).catch((thrown: Error) => {
    throw fault(thrown.message, thrown)
  })

async function connectRedis(url: string | null, { storePatienceMs }: Config, undo: Undo[]): Promise<Redis | null> {
  if (url === null) return null
  const redis = openRedis(url, storePatienceMs)
  undo.push(() => redis.disconnect())
  await redis.connect()
  return redis
}

export interface Opening {
  readonly environment: Environment
  readonly progress: Progress
  /** Takes what has to be undone; what was opened before a failure is in it too. */
  readonly undo: Undo[]
  /** Lets some time pass while key management cannot be had; absent: that is the end. */
  readonly whenAway?: (reason: string) => Promise<unknown>
}

/** Claims the data folder and opens the stores, whatever is in them. */
export async function openClaimedStores(config: Config, { environment, progress, undo }: Opening): Promise<Stores> {
  const folder = await claimDataFolder(config.dataDir)
  undo.push(folder.release)
  const stores = await progress.step('the stores are up', () =>
    openStores({ config, entropy, path: environment.PATH ?? '' }),
  )
  undo.push(stores.stop)
  return stores
}

/** The same, and brings the database up to date. */
export async function openMigratedStores(config: Config, opening: Opening): Promise<Stores> {
  const { progress } = opening
  const stores = await openClaimedStores(config, opening)
  const applied = await progress.step('the database is migrated', () => migrate(stores.databaseUrl))
  for (const name of applied) progress.note(`applied ${name}`)
  return stores
}

/** Opens all that the application in one process stands on. */
export async function openFoundation(config: Config, opening: Opening): Promise<Opened> {
  const stores = await openMigratedStores(config, opening)
  return { foundation: await foundationOn(stores, config, opening), lost: stores.lost }
}

/** On stores that are open, and whose database is up to date. */
export async function foundationOn(
  { databaseUrl, redisUrl }: Pick<Stores, 'databaseUrl' | 'redisUrl'>,
  config: Config,
  { progress, undo, whenAway }: Pick<Opening, 'progress' | 'undo' | 'whenAway'>,
): Promise<Foundation> {
  if (redisUrl === null)
    progress.note('This machine has no Redis: sessions and counters live in this process and end with it.')
  const logger = createLogger({ level: config.logLevel, service: 'latchkey' })
  const secrets = await followKeyring(config, logger, { ...(whenAway && { whenAway }) })
  undo.push(secrets.close)
  const redis = await connectRedis(redisUrl, config, undo)
  const { policies, reload: reloadPolicies } = await openPolicies(config, logger)
  const supergraph = await openServedSupergraph({ config, secrets, clock, logger })
  const stores = { databaseUrl, redis, redisPrefix }
  return { ...stores, config, secrets, supergraph, policies, reloadPolicies, logger, clock, entropy }
}
