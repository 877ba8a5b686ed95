/** When to try again what did not work. */
import { minuteMs, secondMs } from '@latchkey/clock'

const longestPauseMs = 5 * minuteMs

/** Twice as long after every attempt, from one second to five minutes. */
export const pauseAfterMs = (attempts: number): number => Math.min(secondMs * 2 ** attempts, longestPauseMs)
