/** How many tries there are: for one identifier from one network, for one identifier, from one network, of one device. */
import { dayMs, minuteMs } from '@latchkey/clock'

/** At most `max` tries in any stretch of `windowMs` milliseconds. */
export interface Budget {
  readonly max: number
  readonly windowMs: number
}

/**
 * The last of the tries locks the place for `lockMs`; each one after a lock locks it for twice as long, up to `lockMsMax`. A
 * place that is quiet for a window after its lock begins anew.
 */
export interface ProgressiveDelay extends Budget {
  readonly lockMs: number
  readonly lockMsMax: number
}

/** What is counted together, and the places that are counted each for itself besides. */
export interface CounterPolicy extends Budget {
  readonly perPlace?: ProgressiveDelay
}

/** What an operator may choose. */
export interface AttemptLimits {
  /** Wrong tries for one identifier from one network in `windowMs`. */
  readonly max: number
  readonly windowMs: number
  /** Wrong tries of strangers for one identifier in a day. */
  readonly identifierMax: number
  /** Wrong tries from one network in ten minutes, whatever they are for. */
  readonly networkMax: number
}

/** `unlimited` is for measuring only; production refuses to start with it. */
export type AttemptLimit = AttemptLimits | 'unlimited'

export interface Policies {
  readonly identifier: CounterPolicy
  readonly network: Budget
  readonly asked: Budget
  readonly device: Budget
  readonly factor: Budget
  readonly notice: Budget
}

const askedPerTry = 12

export const policiesOf = ({ max, windowMs, identifierMax, networkMax }: AttemptLimits): Policies => ({
  identifier: {
    max: identifierMax,
    windowMs: dayMs,
    perPlace: { max, windowMs, lockMs: minuteMs, lockMsMax: 15 * minuteMs },
  },
  network: { max: networkMax, windowMs: 10 * minuteMs },
  // A page may ask for a challenge whenever it is shown: an office asks more often than it mistypes.
  asked: { max: askedPerTry * networkMax, windowMs: 10 * minuteMs },
  device: { max, windowMs },
  factor: { max: 10, windowMs: 15 * minuteMs },
  // A person is told of one lock of a kind in a day, however many there are.
  notice: { max: 1, windowMs: dayMs },
})
