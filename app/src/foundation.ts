/** Opens what the application stands on: the claimed data folder, the stores, the keyring, the log. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { loadPolicies } from '@latchkey/gateway/policies'
import { openRedis, type Redis } from '@latchkey/principal/redis'
import { applyMigrations } from '@latchkey/prisma/migrations'
import { createKeyringFile, type KeyringHolder, readKeyringFile } from '@latchkey/secrets/file'
import { type FollowedKeyring, followKeyringFile } from '@latchkey/secrets/follow'
import { createLogger, type Logger } from '@latchkey/telemetry'
import type { Foundation } from './assemble.ts'
import type { Config, Environment } from './config.ts'
import { claimDataFolder } from './embedded/data-folder.ts'
import { fault } from './embedded/fault.ts'
import { openStores, type Stores } from './embedded/stores.ts'
import type { Progress } from './progress.ts'
import { openServedSupergraph } from './supergraph-file.ts'

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

/** Throws a Fault when it cannot be read. */
export function readKeyring(config: Config): KeyringHolder {
  try {
    return readKeyringFile(keyringFileOf(config), entropy)
  } catch (thrown) {
    throw fault((thrown as Error).message, thrown)
  }
}

/** The same, and takes what it says later. */
function followKeyring(config: Config, logger: Logger): FollowedKeyring {
  try {
    return followKeyringFile(keyringFileOf(config), { entropy, clock, logger })
  } catch (thrown) {
    throw fault((thrown as Error).message, thrown)
  }
}

const readPolicies = (config: Config) =>
  loadPolicies(config.policiesFile).catch((thrown: Error) => {
    throw fault(thrown.message, thrown)
  })

const migrate = (url: string) =>
  applyMigrations(url).catch((thrown: Error) => {
    throw fault(thrown.message, thrown)
  })

async function connectRedis(url: string | null, undo: Undo[]): Promise<Redis | null> {
  if (url === null) return null
  const redis = openRedis(url)
  undo.push(() => redis.disconnect())
  await redis.connect()
  return redis
}

export interface Opening {
  readonly environment: Environment
  readonly progress: Progress
  /** Takes what has to be undone; what was opened before a failure is in it too. */
  readonly undo: Undo[]
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
  { progress, undo }: Pick<Opening, 'progress' | 'undo'>,
): Promise<Foundation> {
  if (redisUrl === null)
    progress.note('This machine has no Redis: sessions and counters live in this process and end with it.')
  const logger = createLogger({ level: config.logLevel, service: 'latchkey' })
  const secrets = followKeyring(config, logger)
  undo.push(secrets.close)
  const redis = await connectRedis(redisUrl, undo)
  const policies = await readPolicies(config)
  const supergraph = await openServedSupergraph({ config, secrets, clock, logger })
  const stores = { databaseUrl, redis, redisPrefix }
  return { ...stores, config, secrets, supergraph, policies, logger, clock, entropy }
}
