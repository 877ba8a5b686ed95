/** Where a process waits for its stores: it is reached, says that it lives and is not ready, and takes nothing. */
import { createServer, type Server } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { secondMs } from '@latchkey/clock'
import { notTakenHeader } from '../replicas/not-taken.ts'
import { createHealthAnswers } from './health.ts'

export interface WaitingTerms {
  readonly host: string
  /** With 0 nobody could know where to ask, so nobody is answered. */
  readonly port: number
  /** What is waited for, by name: each resolves once it is there. */
  readonly stores: Readonly<Record<string, () => Promise<unknown>>>
  /** Told of what is not there yet, and why, now and then. */
  readonly tell: (store: string, fault: unknown) => void
  /** How long it is before it is asked again, in milliseconds; 250 unless said. */
  readonly pauseMs?: number
  /** Stores that are there within this time, in milliseconds, are waited for behind a closed door; a second unless said. */
  readonly promptlyMs?: number
}

const tellEveryMs = 10 * secondMs
const promptPauseMs = 25

/**
 * So that it does not matter what is started first. Rejects when the address is taken. A process that is restarted beside stores that
 * work opens no room: whoever is refused a connection asks another replica, and whoever has sent something here cannot always.
 */
export async function untilThere(terms: WaitingTerms): Promise<void> {
  const { host, port, stores, promptlyMs = secondMs } = terms
  const leaving = new AbortController()
  const openAtMs = performance.now() + promptlyMs
  const all = Promise.all(
    Object.entries(stores).map(([name, ask]) => awaited({ ...terms, name, ask, openAtMs, signal: leaving.signal })),
  )
  if (await Promise.race([all.then(() => true), pause(promptlyMs, false)])) return
  try {
    const room = await openRoom(host, port)
    await all
    await closeRoom(room)
  } finally {
    leaving.abort()
  }
}

/** As a service is told where it listens. */
interface Place {
  readonly HOST: string
  readonly PORT: number
}

interface Pinged {
  ping(): Promise<unknown>
}

/** As a logger has it. */
interface Log {
  warn(told: object, text: string): void
}

/** For a service: waits at its own address for all that it stands on, and tells its log what is not there yet. */
export const untilStoresAnswer = (
  { HOST: host, PORT: port }: Place,
  stores: Readonly<Record<string, Pinged | (() => Promise<unknown>)>>,
  logger: Log,
): Promise<void> =>
  untilThere({
    ...{ host, port },
    stores: Object.fromEntries(
      Object.entries(stores).map(([name, store]) => [name, 'ping' in store ? () => store.ping() : store]),
    ),
    tell: (store, err) => logger.warn({ store, err }, 'waiting for a store'),
  })

interface Wanted<Had> {
  readonly name: string
  readonly get: () => Promise<Had>
  /** Whether trying again may help; whatever else it fails with is thrown at once. */
  readonly isAway: (thrown: unknown) => boolean
}

/** For a service: the same for something that it holds from then on. */
export async function untilHad<Had>({ HOST, PORT }: Place, wanted: Wanted<Had>, logger: Log): Promise<Had> {
  const { name, get, isAway } = wanted
  let settled: Promise<Had> = Promise.reject(new Error(`${name} was not asked for`))
  settled.catch(() => {})
  const ask = async () => {
    settled = get()
    await settled.catch((thrown) => {
      if (isAway(thrown)) throw thrown
    })
  }
  await untilStoresAnswer({ HOST, PORT }, { [name]: ask }, logger)
  return settled
}

interface Awaited extends Pick<WaitingTerms, 'tell' | 'pauseMs'> {
  readonly name: string
  readonly ask: () => Promise<unknown>
  readonly openAtMs: number
  readonly signal: AbortSignal
}

async function awaited({ name, ask, tell, pauseMs = 250, openAtMs, signal }: Awaited): Promise<void> {
  for (let toldAtMs = Number.NEGATIVE_INFINITY; !signal.aborted; ) {
    const fault = await ask().then(
      () => null,
      (thrown: unknown) => ({ thrown }),
    )
    if (!fault) return
    const nowMs = performance.now()
    if (nowMs >= openAtMs && nowMs - toldAtMs >= tellEveryMs) {
      toldAtMs = nowMs
      tell(name, fault.thrown)
    }
    await pause(nowMs < openAtMs ? Math.min(pauseMs, promptPauseMs) : pauseMs)
  }
}

const answers = createHealthAnswers({ ready: async () => false, isDraining: () => false })

async function openRoom(host: string, port: number): Promise<Server | null> {
  if (port === 0) return null
  const room = createServer(async ({ url = '', headers }, response) => {
    const known = await answers(url.split('?', 1)[0] ?? '', headers.authorization)
    const isServing = url.startsWith('/health/serving')
    const { status, words } = isServing || !known ? notYet : known
    response.setHeader(notTakenHeader, 'waiting')
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' })
    response.end(JSON.stringify(words))
  })
  await new Promise<void>((resolve, reject) => room.once('error', reject).listen({ host, port }, resolve))
  return room
}

const notYet = { status: 503, words: { status: 'not ready' } } as const

async function closeRoom(room: Server | null): Promise<void> {
  if (!room) return
  const closed = new Promise((resolve) => room.close(resolve))
  room.closeAllConnections()
  await closed
}
