/** The floors as processes: started for one question, stopped after it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { QueryPlanner } from '@graphql-hive/router-query-planner'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { createSealer } from '@latchkey/principal/envelope'
import { readKeyringFile } from '@latchkey/secrets/file'
import { Redis } from 'ioredis'
import type { Exchange, Hop } from './floor/fan-out-proxy.ts'
import type { Target } from './measure.ts'
import { fetchesOf } from './plan.ts'
import type { System } from './system.ts'

export interface Floor {
  readonly target: Target
  stop(): void
}

const programOf = (name: string) =>
  fileURLToPath(new URL(`./floor/${name}.${import.meta.url.slice(-2)}`, import.meta.url))

async function startProgram(name: string, settings: unknown) {
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, programOf(name)], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
  })
  child.stdin?.end(JSON.stringify(settings))
  const [line] = await new Promise<string[]>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${name} did not start`)))
    if (child.stdout) createInterface(child.stdout).once('line', (text) => resolve([text]))
  })
  const said = JSON.parse(line ?? '{}') as { url: string; cookies?: readonly string[]; keys?: readonly string[] }
  return { said, pids: [child.pid ?? 0], stop: () => child.kill() }
}

async function startFloor(name: string, settings: unknown, requests: Target['requests']): Promise<Floor> {
  const { said, pids, stop } = await startProgram(name, settings)
  return { target: { name, url: said.url, pids, requests }, stop }
}

/** Answers every request with `answer`. */
export const startJsonServer = (answer: unknown, requests: Target['requests']): Promise<Floor> =>
  startFloor('json-server', answer, requests)

/** Asks Redis for what each credential stands for, and answers with `answer`. */
export async function startRedisServer(redisUrl: string, answer: unknown, ours: Target): Promise<Floor> {
  const redis = new Redis(redisUrl)
  for (const { headers } of ours.requests)
    await redis.set(`floor:${headers.authorization ?? headers['x-api-key']}`, JSON.stringify(answer))
  await redis.quit()
  return startFloor('redis-json-server', { redisUrl, answer }, ours.requests)
}

/** Computes the hash of a sign-in, whoever asks. */
export const startHashServer = (requests: Target['requests']): Promise<Floor> =>
  startFloor('hash-server', { memoryKiB: 19_456, passes: 2 }, requests)

/** The peer, with as many people signed in. */
export async function startBetterAuth(redisUrl: string, people: number): Promise<Floor> {
  const { said, pids, stop } = await startProgram('better-auth', { redisUrl, people })
  const requests = (said.cookies ?? []).map((cookie) => ({ headers: { cookie } }))
  return { target: { name: 'better-auth', url: `${said.url}api/auth/get-session`, pids, requests }, stop }
}

/** The peer's keys, as many of them, kept where `storage` says: in a database of its own, or in Redis. */
export async function startBetterAuthKeys(
  { databaseUrl, redisUrl }: { readonly databaseUrl: string; readonly redisUrl: string },
  storage: 'database' | 'secondary-storage',
  count: number,
): Promise<Floor> {
  const settings = { databaseUrl, redisUrl, storage, keys: count }
  const { said, pids, stop } = await startProgram('better-auth-keys', settings)
  const requests = (said.keys ?? []).map((key) => ({ headers: { 'x-api-key': key } }))
  return { target: { name: `better-auth, ${storage}`, url: said.url, pids, requests }, stop }
}

/** Makes the hops that the gateway's plan makes, with the envelopes it would seal; in turn for each caller. */
export async function startFanOutProxy(system: System, ours: Target): Promise<Floor> {
  const { query } = JSON.parse(ours.requests[0]?.body ?? '{}') as { query: string }
  const [first, ...after] = fetchesOf(new QueryPlanner(system.supergraphSdl).plan(query, null, new Set(), 0))
  if (!first) throw new Error('the plan asks no subgraph')
  const secrets = readKeyringFile(join(system.dataDir, 'keyring.json'), entropy)
  const seal = createSealer({ issuer: 'gateway', privateKey: secrets.signingKey('gateway'), clock })
  const exchangeOf = async (userId: string, principal: Principal): Promise<Exchange> => {
    const hop = async (
      { service, operation }: { service: string; operation: string },
      variables: object,
    ): Promise<Hop> => ({
      url: system.subgraphUrls[service] ?? '',
      headers: { 'content-type': 'application/json', 'latchkey-principal': await seal(principal, service) },
      body: JSON.stringify({ query: operation, variables }),
    })
    const variables = { representations: [{ __typename: 'User', id: userId }] }
    return { first: await hop(first, {}), after: await Promise.all(after.map((fetch) => hop(fetch, variables))) }
  }
  const exchanges = await Promise.all(system.callers.map(({ userId, principal }) => exchangeOf(userId, principal)))
  const floor = await startFloor('fan-out-proxy', exchanges, ours.requests)
  // The subgraphs work for the floor as they work for us: their time counts on both sides.
  return { ...floor, target: { ...floor.target, pids: [...floor.target.pids, ...system.subgraphPids] } }
}
