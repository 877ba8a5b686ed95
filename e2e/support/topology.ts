/** The whole of Latchkey with another team's subgraph beside it, in either topology, twice: two gateways, two of each. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assemble, type Foundation, openServedSupergraph } from '@latchkey/app'
import { parseConfig } from '@latchkey/app/config'
import { freePort } from '@latchkey/app/ports'
import { type Clock, systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { composeSupergraph, readSupergraphConfig } from '@latchkey/gateway/compose'
import { loadPolicies } from '@latchkey/gateway/policies'
import { createOrdersSubgraph } from '@latchkey/orders'
import { createOpener } from '@latchkey/principal/envelope'
import { openRedis } from '@latchkey/principal/redis'
import { storePatienceMs, testDatabase, testRedis } from '@latchkey/prisma/testing'
import { createKeyringFile, type KeyringHolder } from '@latchkey/secrets/file'
import { followKeyringFile } from '@latchkey/secrets/follow'
import type { Subgraph } from '@latchkey/subgraph'
import { serveSubgraph } from '@latchkey/subgraph/serve'
import { createLogger, silentLogger } from '@latchkey/telemetry'
import { openTraces } from '@latchkey/telemetry/traces'
import { describe } from 'vitest'
import { builtProgram } from './built.ts'
import { patient } from './patient.ts'

export type TopologyName = 'embedded' | 'distributed'

export interface Topology {
  /** Two gateways over the same stores. */
  readonly gateways: readonly [string, string]
  /** The key rings of the processes: what a forger would need and does not have. */
  readonly secrets: KeyringHolder
  /** The file they are read from. */
  readonly keyringFile: string
  readonly databaseUrl: string
  readonly issuer: string
  /** Those that run in the story's own process; of a distributed topology there are none. */
  readonly subgraphs: readonly Subgraph[]
  /** Where a subgraph listens, when it is a process of its own; `orders` always does. */
  readonly subgraphUrls: Readonly<Record<string, string>>
  grantRole(email: string, role: string): Promise<string>
  /** What an operator calls at the command line, such as `erase-user ada@example.com`; answers what it prints. */
  operate(...words: string[]): Promise<string>
  /** The Redis all processes share, and how their keys begin. */
  readonly redis: { readonly url: string; readonly prefix: string }
  /** Every line that the processes have logged. */
  logged(): string
  stop(): Promise<void>
}

const topologies: readonly TopologyName[] = ['embedded', 'distributed']

/** Processes share their sessions in Redis: on a machine without one the stories are skipped, and counted as such. */
export const inEveryTopology = (stories: (name: TopologyName) => void): void =>
  describe.skipIf(!testRedis()).each(topologies)('%s', stories)

type Undo = () => Promise<unknown> | unknown

const root = new URL('../../', import.meta.url)
const inRoot = (path: string) => fileURLToPath(new URL(path, root))
const publicUrl = 'http://localhost:4000'

/** Of the environment, what a process needs to run; nothing that is set for the tests. */
const bare = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }

/** What stands between the application and a store; the topology closes it. */
export type Between = (databaseUrl: string) => Promise<{ readonly url: string; close(): void }>

export interface Options {
  readonly settings?: Readonly<Record<string, string>>
  /** How long stores and subgraphs are waited for: long, unless it is what the story is about. */
  readonly waits?: 'long' | 'usual'
  readonly between?: Between
  /** A Redis of the story's own, in place of the one that all share. */
  readonly redisUrl?: string
  /** Changes the keyring before anybody reads it. */
  readonly prepareKeyring?: (file: string) => void
  /** What the time is in an embedded topology. */
  readonly clock?: Clock
}

export async function startTopology(name: TopologyName, options: Options = {}): Promise<Topology> {
  const settings = { ...(options.waits !== 'usual' && patient), ...options.settings }
  const undo: Undo[] = []
  const stop = async () => {
    for (const step of undo.reverse()) await step()
  }
  try {
    const ground = await prepareGround(undo, options)
    const started = await (name === 'embedded' ? startEmbedded : startDistributed)(ground, settings, undo)
    return { subgraphs: [], ...ground, ...started, issuer: publicUrl, stop }
  } catch (fault) {
    await stop()
    throw fault
  }
}

type Ground = Awaited<ReturnType<typeof prepareGround>>

async function prepareGround(undo: Undo[], { between, redisUrl, prepareKeyring, clock: told }: Options) {
  const redis = testRedis()
  if (!redis) throw new Error('the stories need a Redis')
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-e2e-'))
  undo.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const database = await testDatabase()
  undo.push(database.drop)
  const way = await between?.(database.url)
  if (way) undo.push(way.close)
  const keyringFile = join(dataDir, 'keyring.json')
  createKeyringFile(keyringFile, entropy)
  prepareKeyring?.(keyringFile)
  const secrets = await followKeyringFile(keyringFile, { entropy, clock, kms: null })
  undo.push(secrets.close)
  return {
    dataDir,
    databaseUrl: way?.url ?? database.url,
    redisUrl: redisUrl ?? redis.url,
    redisPrefix: redis.prefix,
    keyringFile,
    secrets,
    clock: told ?? clock,
  }
}

/** Our subgraphs with the example of another team's. */
function composeWithOrders(): string {
  const composition = composeSupergraph(readSupergraphConfig(inRoot('examples/orders/supergraph.yaml')))
  if ('errors' in composition) throw new Error(composition.errors.join('\n'))
  return composition.sdl
}

let composed: string | undefined

function writeSupergraph(dataDir: string): string {
  const file = join(dataDir, 'supergraph-with-orders.graphql')
  composed ??= composeWithOrders()
  writeFileSync(file, composed)
  return file
}

async function serveOrders({ secrets, clock }: Ground, undo: Undo[]): Promise<string> {
  const served = await serveSubgraph(createOrdersSubgraph({ logger: silentLogger, clock }), {
    host: '127.0.0.1',
    port: 0,
    open: createOpener({ audience: 'orders', trusted: secrets.publicKeys('gateway'), clock }),
    ready: async () => true,
    logger: silentLogger,
  })
  undo.push(served.close)
  return `${served.url}/graphql`
}

async function startEmbedded(ground: Ground, settings: Readonly<Record<string, string>>, undo: Undo[]) {
  const orders = await serveOrders(ground, undo)
  const config = parseConfig({
    LATCHKEY_DATA_DIR: ground.dataDir,
    LATCHKEY_PUBLIC_URL: publicUrl,
    LATCHKEY_SUPERGRAPH_FILE: writeSupergraph(ground.dataDir),
    LATCHKEY_SUBGRAPH_URLS: `orders=${orders}`,
    ...settings,
  })
  if (config.traces) undo.push(await openTraces({ service: 'latchkey', ...config.traces }))
  let lines = ''
  const destination = {
    write(line: string) {
      lines += line
    },
  }
  const level = settings.LATCHKEY_LOG_LEVEL ? config.logLevel : 'error'
  const logger = createLogger({ level, service: 'e2e', destination })
  logger.info({ settings }, 'the house is built')
  const startOne = async () => {
    const redis = openRedis(ground.redisUrl, config.storePatienceMs)
    await redis.connect()
    undo.push(() => redis.disconnect())
    const policies = await loadPolicies(config.policiesFile)
    const supergraph = await openServedSupergraph({ ...ground, config, logger })
    const foundation: Foundation = { ...ground, config, redis, logger, entropy, policies, supergraph }
    const application = assemble(foundation)
    undo.push(application.close)
    await application.start()
    const { url } = await application.gateway.listen({ host: '127.0.0.1', port: 0 })
    return { url, application }
  }
  const [one, other] = [await startOne(), await startOne()]
  return {
    gateways: [one.url, other.url] as const,
    subgraphs: one.application.subgraphs,
    subgraphUrls: { orders },
    grantRole: one.application.grantRole,
    operate: async (...words: string[]) => {
      if (words[0] === 'explain') return toldBy(await one.application.explanations(...words.slice(1)))
      const { privacy, keyOffice, keyFiles, auditing, secretsOffice } = one.application
      const [name, values] = privacy[words[0] ?? ''] ? [words[0], words.slice(1)] : twoWords(words)
      const act = { ...privacy, ...keyOffice }[name ?? '']
      const telling = { ...keyFiles, ...auditing, ...secretsOffice }[name ?? '']
      if (!act && !telling) throw new Error(`there is no command ${words.join(' ')}`)
      return act ? act(...values) : (telling?.(() => {}, ...values) ?? '')
    },
    redis: { url: ground.redisUrl, prefix: ground.redisPrefix },
    logged: () => lines,
  }
}

/** As a process would end that a script has started. */
function toldBy({ text, exitCode }: { readonly text: string; readonly exitCode: number }): string {
  if (exitCode !== 0) throw new Error(text)
  return text
}

/** Some commands have names of two words. */
const twoWords = ([first, second, ...values]: string[]): [string, string[]] => [`${first} ${second}`, values]

/** Processes keep their keys under one prefix: each topology has a Redis database of its own. */
async function ownRedis(url: string, undo: Undo[]): Promise<string> {
  const own = new URL(url)
  own.pathname = `/${1 + (Number(process.env.VITEST_POOL_ID ?? 0) % 15)}`
  const redis = openRedis(own.href, storePatienceMs)
  await redis.connect()
  await redis.flushdb()
  undo.push(() => redis.disconnect())
  return own.href
}

const patienceMs = 400_000

async function startDistributed(ground: Ground, settings: Readonly<Record<string, string>>, undo: Undo[]) {
  const port = await freePort(2)
  const redisUrl = await ownRedis(ground.redisUrl, undo)
  const environment = {
    ...bare,
    PORT: String(port),
    DATABASE_URL: ground.databaseUrl,
    REDIS_URL: redisUrl,
    LATCHKEY_DATA_DIR: ground.dataDir,
    LATCHKEY_KEYRING_FILE: ground.keyringFile,
    LATCHKEY_PUBLIC_URL: publicUrl,
    LATCHKEY_REPLICAS: '2',
    LATCHKEY_SUPERGRAPH_FILE: writeSupergraph(ground.dataDir),
    LATCHKEY_LOG_LEVEL: 'error',
    ...settings,
  }
  const child = spawn(process.execPath, [builtProgram('distributed'), '--with-orders'], {
    cwd: inRoot('.'),
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  undo.push(async () => {
    if (child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
  let lines = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lines += text
  })
  const said = await untilServing(child)
  return {
    gateways: [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`] as const,
    subgraphUrls: urlsIn(said),
    grantRole: (email: string, role: string) => runCommand(environment, ['grant-role', email, role]),
    operate: (...words: string[]) => runCommand(environment, words),
    redis: { url: redisUrl, prefix: 'latchkey:' },
    logged: () => lines,
  }
}

function untilServing(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`not serving in time:\n${said}`)), patienceMs)
    child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${said}`)))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (!said.includes('Latchkey serves')) return
      clearTimeout(timer)
      resolve(said)
    })
  })
}

/** From the line that lists the processes. */
const urlsIn = (said: string): Record<string, string> =>
  Object.fromEntries(
    [...said.matchAll(/([a-z-]+) (http:\/\/[\d.]+:\d+)/g)].map(([, name, url]) => [name, `${url}/graphql`]),
  )

async function runCommand(environment: Record<string, string>, args: readonly string[]): Promise<string> {
  // A folder of its own: the running processes have claimed theirs.
  const env = { ...environment, LATCHKEY_DATA_DIR: mkdtempSync(join(tmpdir(), 'latchkey-operator-')) }
  const child = spawn(process.execPath, [builtProgram('commands'), ...args], {
    cwd: inRoot('.'),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(said)
  return said
}
