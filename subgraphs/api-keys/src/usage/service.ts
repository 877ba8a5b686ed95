/** What a key was used for, and what of it was not needed. Knows nothing of GraphQL, HTTP or Prisma. */
import { type Clock, dayMs } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import type { ApiKey, ListedKey } from '../keys/key.ts'
import { type Cell, writeCsv } from './csv.ts'
import type { Denial, Figures, Grouping, OperationUsage, UsagePoint } from './figures.ts'
import { percentile } from './latency.ts'
import { type Granularity, type PeriodInput, parseFirst, parsePeriod, parseSpan, pointsMax } from './period.ts'
import type { ScopeRequirements } from './scope-requirements.ts'
import type { Retention, UsageStore } from './store.ts'
import { grainMs, type LastUse } from './tally.ts'
import { unusedCoordinates, unusedScopes } from './unused.ts'

export interface UsageDependencies {
  readonly store: UsageStore
  readonly clock: Clock
  readonly retention: Retention
  /** Asked each time, so that a new supergraph counts at once. */
  readonly requirementsInGraph: () => ScopeRequirements
}

export interface UsageInput extends PeriodInput {
  readonly granularity?: Granularity | null
  readonly groupBy?: Grouping | null
  readonly first?: number | null
}

export type ListInput = PeriodInput & { readonly first?: number | null }

export interface UnusedGrants {
  /** What was used from then on counts. */
  readonly since: Date
  readonly scopes: readonly string[]
  /** `null`: the key has no access list. */
  readonly coordinates: readonly string[] | null
}

export interface Usage {
  /** In order of time. BAD_USER_INPUT. */
  points(key: ListedKey, input: UsageInput): Promise<readonly UsagePoint[]>
  /** Those with most requests first. BAD_USER_INPUT. */
  operations(key: ListedKey, input: ListInput): Promise<readonly OperationUsage[]>
  /** Those that came most often first. BAD_USER_INPUT. */
  denials(key: ListedKey, input: ListInput): Promise<readonly Denial[]>
  /** To the minute. */
  lastUse(key: Pick<ListedKey, 'id'>): Promise<LastUse | null>
  /** BAD_USER_INPUT. */
  unusedGrants(key: ApiKey, days: number | null | undefined): Promise<UnusedGrants>
  /** The points as a table. BAD_USER_INPUT. */
  csv(key: ListedKey, input: Omit<UsageInput, 'first'>): Promise<{ readonly csv: string; readonly rows: number }>
}

const groupsMax = 50
/** Of one answer. */
const figuresMax = 5_000
const csvRowsMax = 10_000
const usualDays = 30

export function createUsage({ store, clock, retention, requirementsInGraph }: UsageDependencies): Usage {
  const listed = (key: ListedKey, input: ListInput) => ({
    keyId: key.id,
    period: parseSpan(input, clock.now(), retention.hours),
    max: parseFirst(input.first, groupsMax),
  })
  return {
    async points({ id }, { granularity, groupBy, first, ...range }) {
      const period = parsePeriod(range, granularity ?? 'HOUR', clock.now())
      const groups = groupBy && groupBy !== 'NONE' ? parseFirst(first, groupsMax) : 1
      const times = Math.ceil((period.to.getTime() - period.from.getTime()) / grainMs[period.grain])
      if (times * groups > figuresMax) throw badInput({ first: tooMany(times, Math.floor(figuresMax / times)) })
      return store.points({ keyId: id, period, groupBy: groupBy ?? 'NONE', groupsMax: groups })
    },

    operations: async (key, input) => store.operations(listed(key, input)),
    denials: async (key, input) => store.denials(listed(key, input)),
    lastUse: ({ id }) => store.lastUse(id),

    async unusedGrants({ id, scopes, createdAt, confinement }, days) {
      const daysMax = Math.floor(retention.days / dayMs)
      const count = days ?? usualDays
      if (count < 1 || count > daysMax) throw badInput({ days: `must be 1 to ${daysMax}` })
      const asked = new Date(clock.now().getTime() - count * dayMs)
      const used = await store.coordinatesSince(id, asked)
      const { accepted } = acceptedIn(confinement)
      return {
        since: asked > createdAt ? asked : createdAt,
        scopes: unusedScopes(scopes, used, requirementsInGraph()),
        coordinates: accepted ? unusedCoordinates(accepted, used) : null,
      }
    },

    async csv({ id }, { granularity, groupBy, ...range }) {
      const period = parsePeriod(range, granularity ?? 'HOUR', clock.now())
      const grouping = groupBy ?? 'NONE'
      const times = Math.ceil((period.to.getTime() - period.from.getTime()) / grainMs[period.grain])
      const most = Math.min(pointsMax, Math.floor(csvRowsMax / times))
      const points = await store.points({ keyId: id, period, groupBy: grouping, groupsMax: most })
      const heading = ['at', grouping.toLowerCase(), ...Object.keys(columnsOf(nothing))]
      return { csv: writeCsv([heading, ...points.map(rowOf)]), rows: points.length }
    },
  }
}

const nothing: Figures = { requests: 0, errors: 0, denied: 0, latency: [] }

const columnsOf = ({ requests, errors, denied, latency }: Figures) => ({
  ...{ requests, errors, denied },
  p50_ms: percentile(latency, 0.5),
  p95_ms: percentile(latency, 0.95),
  p99_ms: percentile(latency, 0.99),
})

const rowOf = ({ at, group, ...figures }: UsagePoint): readonly Cell[] => [
  at.toISOString(),
  group,
  ...Object.values(columnsOf(figures)),
]

const tooMany = (times: number, groups: number): string =>
  `must be at most ${groups} for a period of ${times} points; narrow it, or ask less finely`

/** What an access list came to when it was saved. A list that only denies leaves nothing to take away. */
const acceptedIn = (confinement: object): { readonly accepted?: readonly string[] } =>
  (confinement as { readonly access?: { readonly accepted?: readonly string[] } }).access ?? {}
