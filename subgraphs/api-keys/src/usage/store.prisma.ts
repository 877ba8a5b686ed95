/** What was counted, read from Postgres. */
import type { Database, Statement } from '@latchkey/prisma'
import type { LaggingReads } from '@latchkey/prisma/replica'
import { isKeyId } from '../keys/key.ts'
import type { Grouping } from './figures.ts'
import type { UsageStore } from './store.ts'
import { type Grain, grains } from './tally.ts'

/** What a row is told under, and what has to be joined to know that. */
const groups: Readonly<Record<Grouping, { readonly name: string; readonly from: string }>> = {
  NONE: { name: `''`, from: '' },
  // Refused before it was known what it asks. No operation is called so: each has a hash.
  OPERATION: { name: `coalesce(nullif(operation_id, ''), 'unknown')`, from: '' },
  OUTCOME: { name: 'outcome', from: '' },
  SUBGRAPH: { name: 'subgraph', from: `CROSS JOIN LATERAL unnest(string_to_array(subgraphs, ',')) AS subgraph` },
  COORDINATE: {
    name: 'coordinate',
    from: `JOIN api_keys.usage_operations AS operation ON operation.id = operation_id
      CROSS JOIN LATERAL unnest(operation.coordinates) AS coordinate`,
  },
}

const figures = `sum(requests)::float8 AS requests,
  coalesce(sum(requests) FILTER (WHERE outcome LIKE 'ERROR:%'), 0)::float8 AS errors,
  coalesce(sum(requests) FILTER (WHERE outcome LIKE 'DENIED:%'), 0)::float8 AS denied,
  api_keys.sum_counts(latency) AS latency`

const within = 'key_id = $1 AND at >= $2 AND at < $3'

const pointsBy = (grain: Grain, grouping: Grouping): Statement => {
  const { name, from } = groups[grouping]
  return {
    name: `api_keys_usage_points_${grain}_${grouping.toLowerCase()}`,
    text: `WITH chosen AS (
        SELECT at, ${name} AS name, outcome, requests, latency FROM api_keys.usage_${grain} ${from} WHERE ${within}
      ), busiest AS (SELECT name FROM chosen GROUP BY name ORDER BY sum(requests) DESC, name LIMIT $4)
      SELECT at, name, ${figures} FROM chosen JOIN busiest USING (name) GROUP BY at, name ORDER BY at, name`,
  }
}

const operationsBy = (grain: Grain): Statement => ({
  name: `api_keys_usage_operations_${grain}`,
  text: `SELECT operation_id AS operation, ${figures} FROM api_keys.usage_${grain} WHERE ${within}
    GROUP BY operation_id ORDER BY sum(requests) DESC, operation_id LIMIT $4`,
})

const denialsBy = (grain: Grain): Statement => ({
  name: `api_keys_usage_denials_${grain}`,
  text: `SELECT substr(outcome, 8) AS reason, operation_id AS operation, sum(requests)::float8 AS requests, max(at) AS "lastAt"
    FROM api_keys.usage_${grain} WHERE ${within} AND outcome LIKE 'DENIED:%'
    GROUP BY outcome, operation_id ORDER BY sum(requests) DESC, outcome, operation_id LIMIT $4`,
})

const byGrain = <Value>(make: (grain: Grain) => Value) =>
  Object.fromEntries(grains.map((grain) => [grain, make(grain)])) as Readonly<Record<Grain, Value>> // of every grain
const byGrouping = (grain: Grain) =>
  Object.fromEntries(
    Object.keys(groups).map((grouping) => [grouping, pointsBy(grain, grouping as Grouping)]), // its own keys
  ) as Readonly<Record<Grouping, Statement>>

const statements = { points: byGrain(byGrouping), operations: byGrain(operationsBy), denials: byGrain(denialsBy) }

const lastUses = {
  name: 'api_keys_last_uses',
  text: `SELECT key_id AS "keyId", round(date_part('epoch', at) * 1000) AS "atMs", operation_id AS "operationId"
    FROM api_keys.last_uses WHERE key_id = ANY($1::text[])`,
}

const coordinates = {
  name: 'api_keys_usage_coordinates',
  text: 'SELECT coordinate FROM api_keys.usage_coordinates WHERE key_id = $1 AND last_used_on >= $2::date ORDER BY coordinate',
}

interface LastUseRow {
  readonly keyId: string
  readonly atMs: number
  readonly operationId: string
}

/** Figures may lag; what a key was used for at last, and what it needs, may not. */
export function prismaUsageStore(database: Database, figures: LaggingReads): UsageStore {
  const readLastUses = database.batchedRead<string, LastUseRow>(lastUses, ({ keyId }) => keyId)
  return {
    async points({ keyId, period: { grain, from, to }, groupBy, groupsMax }) {
      const statement = statements.points[grain][groupBy]
      const rows = await figures.query<PointRow>(statement, [keyId, from, to, groupsMax])
      return rows.map(({ name, ...point }) => ({ ...point, group: groupBy === 'NONE' ? null : name }))
    },
    operations: ({ keyId, period: { grain, from, to }, max }) =>
      figures.query(statements.operations[grain], [keyId, from, to, max]),
    denials: ({ keyId, period: { grain, from, to }, max }) =>
      figures.query(statements.denials[grain], [keyId, from, to, max]),
    lastUse: async (keyId) => (isKeyId(keyId) ? ((await readLastUses(keyId))[0] ?? null) : null),
    async coordinatesSince(keyId, day) {
      const values = [keyId, day.toISOString().slice(0, 10)]
      return (await database.query<{ coordinate: string }>(coordinates, values)).map(({ coordinate }) => coordinate)
    },
  }
}

interface PointRow {
  readonly at: Date
  readonly name: string
  readonly requests: number
  readonly errors: number
  readonly denied: number
  readonly latency: readonly number[]
}
