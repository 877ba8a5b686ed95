/** When a delivery is tried again, and when it is given up: five seconds, three times as long each time, twelve hours at most, for three days. Pure. */
import { dayMs, hourMs, secondMs } from '@latchkey/clock'

const firstDelayMs = 5 * secondMs
const growth = 3
const delayMaxMs = 12 * hourMs

/** After this many tries a delivery is a dead letter: about three days after the first. */
export const attemptsMax = 15

/** A delay is as much as a fifth shorter or longer, so that what failed together does not come back together. */
const jitter = 0.2

/** Whoever asks for more than this is tried again then all the same. */
const askedDelayMaxMs = dayMs

/** What `Retry-After` says (RFC 9110 section 10.2.3), in seconds or as a date; `null`: nothing that can be read. */
export function parseRetryAfter(value: string | undefined, now: Date): number | null {
  if (value === undefined || value.length > 40) return null
  if (/^\d{1,9}$/.test(value)) return Number(value) * secondMs
  const at = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime())
}

export interface FailedAttempt {
  /** Which try it was: 1 is the first. */
  readonly attempts: number
  /** What the receiver asked for. */
  readonly retryAfterMs: number | null
  /** From 0 to 1, 1 excluded. */
  readonly chance: number
}

/** How long to wait; `null`: no more. */
export function delayAfter({ attempts, retryAfterMs, chance }: FailedAttempt): number | null {
  if (attempts >= attemptsMax) return null
  const delayMs = Math.min(firstDelayMs * growth ** (attempts - 1), delayMaxMs)
  const own = Math.round(delayMs * (1 - jitter + 2 * jitter * chance))
  return Math.max(own, Math.min(retryAfterMs ?? 0, askedDelayMaxMs))
}

/** An endpoint where nothing arrived for so long is not sent to any more. */
export const failingMaxMs = 5 * dayMs

/** How long deliveries can be looked at and sent again: dead letters, too. */
export const keptMs = 30 * dayMs
