/** One stream, from its first event to its end: whoever holds it is looked at again before every event, and whenever they may have changed. */
import type { Clock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import type { AccountEvent, Listener, News } from '@latchkey/principal/account-news'
import { Problem } from '@latchkey/problem'
import { type Ending, expired, expiredReason, lasted, left, ranOut, refused, slowReader, unheard } from './ending.ts'
import type { EventWriter } from './event-writer.ts'

export interface StreamTerms {
  /** So often a stream says that it lives, and is looked at whatever has been told. */
  readonly beatMs: number
  readonly lastsMs: number
  readonly waitingEventsMax: number
  readonly waitingBytesMax: number
}

export const usualStreamTerms: StreamTerms = {
  beatMs: 15_000,
  lastsMs: 3_600_000,
  waitingEventsMax: 100,
  waitingBytesMax: 64 * 1_024,
}

/** What whoever holds the stream may be told at this moment. */
export interface Permission {
  readonly principal: Principal
  /** When that ends by itself, as far as is known now. Absent: it does not. */
  readonly liveUntilMs?: number | undefined
  wants(event: AccountEvent): boolean
  /** The text of the answer for one event; `null`: there is nothing to tell. */
  answer(event: AccountEvent, signal: AbortSignal): Promise<string | null>
}

export interface StreamDependencies {
  readonly terms: StreamTerms
  /** Looks at the credential as if it had come now. Rejects with why nothing may be told any more. */
  readonly look: () => Promise<Permission>
  /** The text of the last thing that is told. */
  readonly explain: (ending: Ending) => string
  readonly random: () => number
  readonly clock: Clock
  /** `held`: the permission of the last look that gave one. */
  readonly onEnd: (ending: Ending, held: Permission | null) => void
  readonly onEvent: (event: AccountEvent) => void
}

export interface Stream extends Listener {
  /** How it ended, once it has; it may before it begins. */
  readonly ended: Ending | null
  begin(wire: EventWriter, permission: Permission): void
  end(ending: Ending): void
}

/** By so much a store may forget before our clock says that it should, and not be suspected of anything else. */
const clocksDifferMs = 1_000
/** After an end, so that it is one for every clock that counts in milliseconds. */
const soonMs = 5

export function createStream(dependencies: StreamDependencies): Stream {
  const { terms, look, explain, random, clock, onEnd, onEvent } = dependencies
  let state: 'new' | 'open' | 'ended' = 'new'
  let ended: Ending | null = null
  const over = new AbortController()
  let looking: 'not' | 'once' | 'again' = 'not'
  let permission: Permission | null = null
  let wire: EventWriter | null = null
  let telling = false
  let wroteAtBeat = 0
  const waiting: AccountEvent[] = []
  const ranOutBefore = new Set<unknown>()
  const timers: NodeJS.Timeout[] = []
  let overTimer: NodeJS.Timeout | undefined
  const isOpen = () => state === 'open'

  function end(ending: Ending): void {
    if (state === 'ended') return
    state = 'ended'
    ended = ending
    for (const timer of [...timers, overTimer]) clearTimeout(timer)
    over.abort()
    if (wire && ending.thrown !== null) {
      wire.next(explain(ending))
      wire.complete()
    }
    onEnd(ending, permission)
  }

  const leftMs = () => (permission?.liveUntilMs ?? Number.POSITIVE_INFINITY) - clock.now().getTime()

  async function lookNow(): Promise<Permission | null> {
    try {
      permission = await look()
      if (!isOpen()) return null
      lookWhenOver()
      return permission
    } catch (thrown) {
      end(ranOut(thrown) && leftMs() < clocksDifferMs ? expired : refused(thrown))
      return null
    }
  }

  /** Whoever uses the session meanwhile puts its end off: so it is looked at, and not taken to be over. */
  function lookWhenOver(): void {
    clearTimeout(overTimer)
    const inMs = leftMs()
    if (inMs < terms.lastsMs) overTimer = setTimeout(() => void lookAgain(), Math.max(inMs, 0) + soonMs).unref()
  }

  /** However often it is called meanwhile, once more afterwards is enough. */
  async function lookAgain(): Promise<void> {
    if (looking !== 'not') {
      looking = 'again'
      return
    }
    for (looking = 'again'; looking === 'again' && isOpen(); ) {
      looking = 'once'
      await lookNow()
    }
    looking = 'not'
  }

  async function answerTo(event: AccountEvent): Promise<string | null> {
    const permitted = await lookNow()
    if (!permitted?.wants(event)) return null
    try {
      return await permitted.answer(event, over.signal)
    } catch (thrown) {
      end(refused(thrown))
      return null
    }
  }

  /** One event after the other; what becomes of whoever holds the stream meanwhile does not wait for them. */
  async function tellWaiting(): Promise<void> {
    if (telling) return
    telling = true
    for (let event = waiting.shift(); event && isOpen(); event = waiting.shift()) {
      const text = await answerTo(event)
      if (text === null || !isOpen()) continue
      wire?.next(text)
      onEvent(event)
      if ((wire?.waitingBytes() ?? 0) > terms.waitingBytesMax) drop()
    }
    telling = false
  }

  /** They read too little to be told even that. */
  function drop(): void {
    end({ ...slowReader(random()), thrown: null })
    wire?.drop()
  }

  function beat(): void {
    if (!wire) return
    const waitingBytes = wire.waitingBytes()
    // What was not taken since the last beat is not being read.
    if (waitingBytes > 0 && wroteAtBeat > 0) drop()
    else {
      wroteAtBeat = waitingBytes
      wire.beat()
      void lookAgain()
    }
  }

  /** What ended a session says it better than that it is not there. */
  function reasonIn({ field, facts: { id, reason } }: AccountEvent): string | undefined {
    const principal = permission?.principal
    const isOwn = field === 'sessionEnded' && principal?.kind === 'user' && id === principal.sessionId
    return isOwn && typeof reason === 'string' ? reason : undefined
  }

  /** Every gateway that finds a session over tells of it. */
  function isRepeated({ field, facts: { id, reason } }: AccountEvent): boolean {
    if (field !== 'sessionEnded' || reason !== expiredReason) return false
    const before = ranOutBefore.size
    return ranOutBefore.add(id).size === before
  }

  function heard({ credentials, event }: News): void {
    if (!isOpen()) return
    const reason = credentials && event && reasonIn(event)
    // Nobody has to look for what was told.
    if (reason !== undefined) {
      end({ why: 'refused', thrown: new Problem('CREDENTIAL_REJECTED', 'its session ended', { reason }) })
      return
    }
    const isWanted = event !== undefined && permission?.wants(event) === true
    // Whoever is told something is looked at before.
    if (credentials && (!isWanted || telling)) void lookAgain()
    if (!event || !isWanted || isRepeated(event)) return
    if (waiting.push(event) > terms.waitingEventsMax) end(slowReader(random()))
    else void tellWaiting()
  }

  return {
    get ended() {
      return ended
    },
    heard,
    lost: () => end(unheard(random())),
    end,
    begin(opened, permitted) {
      if (state !== 'new') return
      state = 'open'
      wire = opened
      permission = permitted
      opened.onEnd(() => end(left))
      // Whoever left while it was opened is not there to be told of it.
      if (ended) return
      opened.beat()
      timers.push(
        setInterval(beat, terms.beatMs).unref(),
        setTimeout(() => end(lasted(random())), terms.lastsMs).unref(),
      )
      // Something may have been told since they were looked at last.
      void lookAgain()
    },
  }
}
