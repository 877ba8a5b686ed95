/** Keys that meet criteria, as a condition in SQL: those that have not ended. */
import { lastUsedAt } from '../keys/last-use.prisma.ts'
import type { Reach } from '../keys/reach.ts'
import type { KeyCriteria } from './criteria.ts'

export interface Matching {
  readonly reach: Reach
  readonly criteria: KeyCriteria
  readonly now: Date
}

/** A key that was never used counts from the moment it was made; that moment bounds the look-up by an index. */
const unused = (since: string): string =>
  `created_at < ${since} AND coalesce(${lastUsedAt('api_keys')}, created_at) < ${since}`

export function whereMatching({ reach, criteria, now }: Matching, bind: (value: unknown) => string): string {
  const { ownerId, unusedSince, createdBefore, namePrefix, scope, environment } = criteria
  const conditions = [
    'revoked_at IS NULL',
    `expires_at > ${bind(now)}`,
    "name <> ''",
    reach.of === 'owner' && `owner_id = ${bind(reach.ownerId)}`,
    ownerId !== undefined && `owner_id = ${bind(ownerId)}`,
    unusedSince && unused(bind(unusedSince)),
    createdBefore && `created_at < ${bind(createdBefore)}`,
    namePrefix !== undefined && `starts_with(name, ${bind(namePrefix)})`,
    scope !== undefined && `scopes @> ARRAY[${bind(scope)}]::text[]`,
    environment !== undefined && `environment = ${bind(environment)}`,
  ]
  return conditions.filter((condition) => typeof condition === 'string').join(' AND ')
}

/** Names a statement by its shape, so that each is planned for itself. */
export const shapeOf = ({ reach, criteria }: Matching): string => [reach.of, ...Object.keys(criteria).sort()].join('_')
