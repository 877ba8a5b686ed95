/** Which keys are meant when several are: criteria that all have to be met, read and bounded. Pure. */
import { dayMs } from '@latchkey/clock'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { badInput } from '@latchkey/problem'
import { isMoment, isOwnerId, nameLimits } from '../keys/key.ts'
import { parseLabel } from '../keys/label.ts'

/** As it arrives. Left out, or null: it does not matter. */
export interface RevokeFilter {
  readonly ownerId?: string | null
  readonly unusedForDays?: number | null
  readonly createdBefore?: unknown
  readonly namePrefix?: string | null
  readonly scope?: string | null
  readonly environment?: 'LIVE' | 'TEST' | null
}

export interface KeyCriteria {
  readonly ownerId?: string
  /** Neither made nor used since. */
  readonly unusedSince?: Date
  readonly createdBefore?: Date
  readonly namePrefix?: string
  readonly scope?: string
  readonly environment?: KeyEnvironment
}

export const unusedDaysMax = 365
const scopeLengthMax = 128

export const faultOfDays = (days: number): string | null =>
  Number.isInteger(days) && days >= 1 && days <= unusedDaysMax ? null : `must be 1 to ${unusedDaysMax} days`

const given = <Value>(value: Value | null | undefined): value is Value => value !== null && value !== undefined

type Faults = Record<string, string>

function readNamePrefix({ namePrefix }: RevokeFilter, faults: Faults): Pick<KeyCriteria, 'namePrefix'> {
  if (!given(namePrefix)) return {}
  const { text, fault } = parseLabel(namePrefix, nameLimits)
  if (fault !== null) faults['input.filter.namePrefix'] = fault
  return text === null ? {} : { namePrefix: text }
}

function readCreatedBefore({ createdBefore }: RevokeFilter, faults: Faults): Pick<KeyCriteria, 'createdBefore'> {
  if (!given(createdBefore)) return {}
  if (typeof createdBefore === 'string' && createdBefore.length <= 40 && isMoment(createdBefore))
    return { createdBefore: new Date(createdBefore) }
  faults['input.filter.createdBefore'] = 'must be a moment such as 2030-01-31T09:30:00.000Z'
  return {}
}

function readScope({ scope }: RevokeFilter, faults: Faults): Pick<KeyCriteria, 'scope'> {
  if (!given(scope)) return {}
  if (scope === '' || scope.length > scopeLengthMax) faults['input.filter.scope'] = 'must be the name of a scope'
  return { scope }
}

/** Throws BAD_USER_INPUT naming every wrong criterion, and when there is none: nobody means every key there is. */
export function parseCriteria(filter: RevokeFilter, now: Date): KeyCriteria {
  const faults: Faults = {}
  const { ownerId, unusedForDays, environment } = filter
  if (given(ownerId) && !isOwnerId(ownerId)) faults['input.filter.ownerId'] = 'must be the id of an account'
  const faultyDays = given(unusedForDays) ? faultOfDays(unusedForDays) : null
  if (faultyDays !== null) faults['input.filter.unusedForDays'] = faultyDays
  const criteria: KeyCriteria = {
    ...(given(ownerId) && { ownerId }),
    ...(given(unusedForDays) && { unusedSince: new Date(now.getTime() - unusedForDays * dayMs) }),
    ...readCreatedBefore(filter, faults),
    ...readNamePrefix(filter, faults),
    ...readScope(filter, faults),
    ...(given(environment) && { environment: environment === 'LIVE' ? 'live' : 'test' }),
  }
  if (Object.keys(faults).length > 0) throw badInput(faults)
  if (Object.keys(criteria).length === 0) throw badInput({ 'input.filter': 'must name at least one criterion' })
  return criteria
}
