/** The distributed topology on one machine: the stores, then gateway and subgraphs as processes of their own. */
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { systemClock as clock } from '@latchkey/clock'
import { resliceKeyringFile, sliceKeyringFile } from '@latchkey/secrets/file'
import { followKeyringFile } from '@latchkey/secrets/follow'
import { silentLogger } from '@latchkey/telemetry'
import { type Config, type Environment, parseConfig } from './config.ts'
import { fault } from './embedded/fault.ts'
import { freePort } from './embedded/ports.ts'
import type { Stores } from './embedded/stores.ts'
import { keyringFileOf, keyringToolsOf, openMigratedStores, readKeyring, type Undo } from './foundation.ts'
import { createProgress } from './progress.ts'
import { type ServiceProcess, startService } from './service-process.ts'
import { openServedSupergraph } from './supergraph-file.ts'
import { runUntilTold } from './until-told.ts'
import { welcome } from './welcome.ts'

const subgraphs = { users: 'subgraphs/users', sessions: 'subgraphs/sessions', 'api-keys': 'subgraphs/api-keys' }
const orders = { orders: 'examples/orders' }
const root = new URL('../../', import.meta.url)

const say = (line: string) => process.stderr.write(`${line}\n`)
const write = (text: string) => process.stderr.write(text)
const progress = createProgress(say, () => performance.now())

async function start(undo: Undo[]) {
  const startedMs = performance.now()
  const config = parseConfig(process.env)
  const stores = await openMigratedStores(config, { environment: process.env, progress, undo })
  if (!stores.redisUrl) throw fault(noRedis)
  const services = await startServices(config, process.argv.slice(2), stores, undo)
  undo.push(
    () => drainAll(services.behind),
    () => drainAll(services.front),
  )
  const all = [...services.front, ...services.behind]
  await progress.step(`${all.length} processes are ready`, () => Promise.all(all.map(({ ready }) => ready)))
  for (const { name, url } of all) progress.note(`${name} ${url}`)
  const url = `http://localhost:${config.port}`
  say(welcome({ url, mode: config.mode, afterSeconds: (performance.now() - startedMs) / 1_000 }))
  return { lost: Promise.race([stores.lost, ...all.map(({ ended }) => ended)]) }
}

const noRedis =
  'Processes share their sessions in Redis, and this machine has none. Install redis-server or valkey-server, or set REDIS_URL.'

interface Services {
  readonly front: readonly ServiceProcess[]
  readonly behind: readonly ServiceProcess[]
}

async function startServices(config: Config, args: readonly string[], stores: Stores, undo: Undo[]): Promise<Services> {
  const shared = await sharedEnvironment(config, args, stores)
  const replicas = Array.from({ length: config.replicas }, (_, index) => (index === 0 ? '' : ` ${index + 1}`))
  const workspaces = { ...subgraphs, ...(args.includes('--with-orders') ? orders : {}) }
  const wanted = Object.entries(workspaces).flatMap(([subgraph, workspace]) =>
    replicas.map((which) => ({ subgraph, name: `${subgraph}${which}`, workspace })),
  )
  const firstPort = await freePort(wanted.length)
  const plan = wanted.map((one, index) => ({ ...one, port: firstPort + index }))
  const urls = Object.keys(workspaces).map((name) => {
    const ports = plan.filter(({ subgraph }) => subgraph === name).map(({ port }) => port)
    return `${name}=${ports.map((port) => `http://127.0.0.1:${port}/graphql`).join('|')}`
  })
  const environment: Environment = { ...shared, LATCHKEY_SUBGRAPH_URLS: urls.join(',') }
  const { partFor, stop } = await keyringParts(config, ['gateway', ...Object.keys(subgraphs)])
  undo.push(stop)
  const behind = plan.map(({ subgraph, name, workspace, port }) => {
    const own =
      subgraph in orders ? withoutSecrets(environment) : { ...environment, LATCHKEY_KEYRING_FILE: partFor(subgraph) }
    return startService({ name, workspace, port, write, environment: { ...own, HOST: '127.0.0.1', PORT: `${port}` } })
  })
  const front = replicas.map((which, index) => {
    const port = config.port + index
    // The gateway reads sessions and keys from Redis; it has no business with the database.
    const own = {
      ...withoutSecrets(environment),
      REDIS_URL: environment.REDIS_URL,
      LATCHKEY_KEYRING_FILE: partFor('gateway'),
    }
    const place = { HOST: config.host, PORT: `${port}` }
    return startService({
      name: `gateway${which}`,
      workspace: 'gateway',
      port,
      write,
      environment: { ...own, ...place },
    })
  })
  return { front, behind }
}

/** What every process is told, besides what we were. Only one of them could have the port for metrics; none has to drain, for all end together. */
async function sharedEnvironment(config: Config, args: readonly string[], stores: Stores): Promise<Environment> {
  const withOrders = args.includes('--with-orders')
  const supergraph = withOrders ? await supergraphWithOrders(config) : await supergraphFileFor(config)
  const { LATCHKEY_METRICS_PORT: _, LATCHKEY_DRAIN_SECONDS: _drain, ...given } = process.env
  return {
    ...given,
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: stores.redisUrl ?? '',
    LATCHKEY_PUBLIC_URL: config.publicUrl,
    LATCHKEY_OPERATIONS_FILE: config.operationsFile,
    ...(supergraph ? { LATCHKEY_SUPERGRAPH_FILE: supergraph } : {}),
    ...(withOrders ? { GATEWAY_PUBLIC_KEY: await gatewayKey(config) } : {}),
  }
}

/** What a process that is trusted with no store and no secret of ours is told. */
function withoutSecrets({ DATABASE_URL, REDIS_URL, LATCHKEY_KEYRING_FILE, ...rest }: Environment): Environment {
  const { LATCHKEY_DATABASE_REPLICA_URL, ...told } = rest
  return told
}

/** Each service is given the part of the keyring that it needs, and no other service's key; and again whenever the keyring changes. */
async function keyringParts(config: Config, services: readonly string[]) {
  const folder = join(config.dataDir, 'keyrings')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const whole = keyringFileOf(config)
  const tools = keyringToolsOf(config)
  const partFor = (service: string) => join(folder, `${service}.json`)
  for (const service of services) {
    rmSync(partFor(service), { force: true })
    await sliceKeyringFile(whole, service, partFor(service), tools)
  }
  const followed = await followKeyringFile(whole, { ...tools, clock, pauseMs: 500 })
  const sliceAnew = (service: string) =>
    resliceKeyringFile(whole, service, partFor(service), tools).catch(({ message }: Error) =>
      say(`The keyring of ${service} is the one of before: ${message}`),
    )
  // One after the other: a part that was wrapped slowly must not come after a newer one.
  let slicing: Promise<unknown> = Promise.resolve()
  followed.follow(() => {
    slicing = slicing.then(() => Promise.all(services.map(sliceAnew)))
  })
  return { partFor, stop: followed.close }
}

async function gatewayKey(config: Config): Promise<string> {
  const { gateway } = (await readKeyring(config)).publicKeys('gateway')
  return gateway?.export({ format: 'der', type: 'spki' }).toString('base64') ?? ''
}

/** What Users and ApiKeys follow: where the gateway composes, it has to be there before them. */
async function supergraphFileFor(config: Config): Promise<string | null> {
  if (config.supergraphConfig === null) return config.supergraphFile
  const supergraphFile = config.supergraphFile ?? join(config.dataDir, 'supergraph.graphql')
  const secrets = await readKeyring(config)
  await openServedSupergraph({ config: { ...config, supergraphFile }, secrets, clock, logger: silentLogger })
  return supergraphFile
}

/** Another team's subgraph joins by being composed in: nothing else changes. Whoever gives a supergraph has done so. */
async function supergraphWithOrders({ supergraphFile, dataDir }: Config): Promise<string> {
  if (supergraphFile) return supergraphFile
  const compose = import.meta.url.endsWith('.ts') ? 'gateway/src/compose/compose.ts' : 'gateway/dist/compose/compose.js'
  const output = join(dataDir, 'supergraph-with-orders.graphql')
  const config = fileURLToPath(new URL('examples/orders/supergraph.yaml', root))
  const program = fileURLToPath(new URL(compose, root))
  await promisify(execFile)(process.execPath, [...process.execArgv, program, '--config', config, '--output', output])
  return output
}

const drainAll = async (services: readonly ServiceProcess[]) => {
  await Promise.all(services.map(({ drain }) => drain()))
}

await runUntilTold(start, say)
