/** Whether a process may be sent requests, and which of its parts says otherwise. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Clock, secondMs } from '@latchkey/clock'

/** `degraded`: it does its work, with less than it should have. */
export type PartState = 'ready' | 'degraded' | 'away'

/** One that rejects, or says nothing within a second, is away. */
export type Part = () => Promise<PartState>

export interface HealthReport {
  readonly status: 'ready' | 'degraded' | 'not ready'
  readonly parts: Readonly<Record<string, PartState>>
}

/** What there is to answer to `/health/ready`: a report, or in one word. */
export type Ready = () => Promise<HealthReport | boolean>

const rememberedMs = secondMs
const answerWithinMs = secondMs

/**
 * The report is remembered for a second, and while it is awaited nobody asks again: however often a process is probed, each
 * part is asked once a second at most.
 */
export function createHealth(parts: Readonly<Record<string, Part>>, clock: Clock): () => Promise<HealthReport> {
  let known: { readonly askedAt: number; readonly report: Promise<HealthReport> } | undefined
  return () => {
    const now = clock.now().getTime()
    if (known && now - known.askedAt < rememberedMs) return known.report
    known = { askedAt: now, report: reportOf(parts) }
    return known.report
  }
}

async function reportOf(parts: Readonly<Record<string, Part>>): Promise<HealthReport> {
  const states = await Promise.all(
    Object.entries(parts).map(async ([name, part]) => [name, await inTime(part)] as const),
  )
  return { status: worstOf(states.map(([, state]) => state)), parts: Object.fromEntries(states) }
}

function worstOf(states: readonly PartState[]): HealthReport['status'] {
  if (states.includes('away')) return 'not ready'
  return states.includes('degraded') ? 'degraded' : 'ready'
}

async function inTime(part: Part): Promise<PartState> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<PartState>((resolve) => {
    timer = setTimeout(resolve, answerWithinMs, 'away')
  })
  const state = await Promise.race([part().catch((): PartState => 'away'), late])
  clearTimeout(timer)
  return state
}

/** A store that is ready when it answers. */
export const answering =
  (ask: () => Promise<unknown>): Part =>
  async () => {
    await ask()
    return 'ready'
  }

/**
 * Needed to begin with, and missed after that: who has been seen once and goes away leaves the process degraded, for the rest
 * of its work goes on, and a balancer that heard `not ready` from everybody would have nobody left.
 */
export function missed(part: Part): Part {
  let wasThere = false
  return async () => {
    const state = await part().catch((): PartState => 'away')
    wasThere ||= state !== 'away'
    return state === 'away' && wasThere ? 'degraded' : state
  }
}

/** An answer to one of the paths below `/health/`. */
export interface HealthAnswer {
  readonly status: 200 | 503
  readonly words: Readonly<Record<string, unknown>>
}

export interface HealthTerms {
  readonly ready: Ready
  /** Since the process was told to end. */
  readonly isDraining: () => boolean
  /** Who brings it (`Authorization: Bearer …`) is told of the parts, too; nobody is unless there is one. */
  readonly token?: string | undefined
}

/**
 * `/health/live`: the process runs. `/health/serving`: it has not been told to end, whatever its stores do; it is what a balancer
 * asks that must not lose every replica to one store. `/health/ready`: it can do its work; which part cannot is told to nobody
 * but who brings the token (ASVS 13.4.2, 16.5.1). `null` for any other path.
 */
export function createHealthAnswers({ ready, isDraining, token }: HealthTerms) {
  const mayKnow = createTokenCheck(token)
  return async (path: string, authorization: string | undefined): Promise<HealthAnswer | null> => {
    if (path === '/health/live') return { status: 200, words: { status: 'live' } }
    const isServing = path === '/health/serving'
    if (!isServing && path !== '/health/ready') return null
    if (isDraining()) return { status: 503, words: { status: 'draining' } }
    if (isServing) return { status: 200, words: { status: 'serving' } }
    const { status, parts } = await askedOf(ready)
    return {
      status: status === 'not ready' ? 503 : 200,
      words: mayKnow(authorization) ? { status, parts } : { status },
    }
  }
}

async function askedOf(ready: Ready): Promise<HealthReport> {
  const answer = await ready().catch(() => false)
  return typeof answer === 'boolean' ? { status: answer ? 'ready' : 'not ready', parts: {} } : answer
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()

function createTokenCheck(token: string | undefined): (authorization: string | undefined) => boolean {
  const wanted = token === undefined ? null : digestOf(`Bearer ${token}`)
  return (given) => wanted !== null && given !== undefined && timingSafeEqual(digestOf(given), wanted)
}
