/** From when to when uses are told, and how finely. */
import { badInput } from '@latchkey/problem'
import { isMoment } from '../keys/key.ts'
import { floorTo, type Grain, grainMs } from './tally.ts'

export type Granularity = 'MINUTE' | 'HOUR' | 'DAY'

export interface Period {
  readonly grain: Grain
  /** The beginning of the first minute, hour or day. */
  readonly from: Date
  /** Not any more from here on. */
  readonly to: Date
}

export interface PeriodInput {
  readonly from?: unknown
  readonly to?: unknown
}

const grainOf: Readonly<Record<Granularity, Grain>> = { MINUTE: 'minutes', HOUR: 'hours', DAY: 'days' }
/** How many points are told unless somebody says from when. */
const usualPoints: Readonly<Record<Grain, number>> = { minutes: 60, hours: 24, days: 30 }
export const pointsMax = 1_500

/** Throws BAD_USER_INPUT that names what is wrong. */
export function parsePeriod({ from, to }: PeriodInput, granularity: Granularity, now: Date): Period {
  const grain = grainOf[granularity]
  const wrong = { ...faultOf('from', from), ...faultOf('to', to) }
  if (Object.keys(wrong).length > 0) throw badInput(wrong)
  const end = typeof to === 'string' ? Date.parse(to) : now.getTime() + 1
  const begin = typeof from === 'string' ? Date.parse(from) : end - usualPoints[grain] * grainMs[grain]
  if (begin >= end) throw badInput({ from: 'must be before `to`' })
  const period = { grain, from: new Date(floorTo(grain, begin)), to: new Date(end) }
  if (end - period.from.getTime() > pointsMax * grainMs[grain])
    throw badInput({
      from: `must be at most ${pointsMax.toLocaleString('en')} ${grain} before \`to\`; ask less finely`,
    })
  return period
}

/** Of a list in which nothing is told by time: by the hour when it is short and hours are kept for so long, else by the day. */
export function parseSpan(input: PeriodInput, now: Date, hoursKeptMs: number): Period {
  const days = parsePeriod(input, 'DAY', now)
  const begin = typeof input.from === 'string' ? Date.parse(input.from) : days.from.getTime()
  const isShort = days.to.getTime() - begin <= 7 * grainMs.days && now.getTime() - begin <= hoursKeptMs
  return isShort ? { ...days, grain: 'hours', from: new Date(floorTo('hours', begin)) } : days
}

function faultOf(name: string, value: unknown): Record<string, string> {
  if (value === undefined || value === null || (typeof value === 'string' && value.length <= 40 && isMoment(value)))
    return {}
  return { [name]: 'must be a moment such as 2030-01-31T09:30:00.000Z' }
}

/** How many at most; throws BAD_USER_INPUT outside 1 to `max`. */
export function parseFirst(first: number | null | undefined, max: number): number {
  const given = first ?? Math.min(10, max)
  if (given < 1 || given > max) throw badInput({ first: `must be 1 to ${max}` })
  return given
}
