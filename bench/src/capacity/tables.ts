/** The figures of the model as Markdown, as they stand in docs/operating/scaling.md. */
import { type Constants, ceilings, type Demand, demandOf, usualLoad, waitMs } from './capacity.ts'

const steps = [1_000, 10_000, 100_000, 1_000_000] as const

/** Two digits say all that a model knows. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return '∞'
  if (value === 0) return '0'
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1)
  const shown = Math.round(value / unit) * unit
  const places = Math.max(0, -Math.floor(Math.log10(unit)))
  return shown.toFixed(places).replace(/\B(?=(\d{3})+(?!\d))/g, shown >= 1_000 ? ',' : '')
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')

const parts: readonly (readonly [string, (demand: Demand) => number])[] = [
  ['gateway, cores (distributed)', ({ gatewayCores }) => gatewayCores],
  ['subgraphs, cores (distributed)', ({ subgraphCores }) => subgraphCores],
  ['embedded instead, cores', ({ gatewayCoresEmbedded }) => gatewayCoresEmbedded],
  ['sign-ins a second, at the peak of the day', ({ signInsPerSecond }) => signInsPerSecond],
  ['sign-ins, cores', ({ signInCores }) => signInCores],
  ['Redis, share of one thread', ({ redisBusy }) => redisBusy],
  ['Redis, GB', ({ redisGigabytes }) => redisGigabytes],
  ['Redis, MB a second out', ({ redisMegabytesPerSecond }) => redisMegabytesPerSecond],
  ['Postgres, cores', ({ postgresCores }) => postgresCores],
  ['Postgres, rows written a second, mean', ({ postgresRowsPerSecond }) => postgresRowsPerSecond],
  ['Postgres, GB', ({ postgresGigabytes }) => postgresGigabytes],
  ['connections to Postgres without a pooler', ({ connections }) => connections],
]

export function demandTable(constants: Constants): string {
  const demands = steps.map((step) => demandOf(usualLoad(step), constants))
  const head = ['requests a second', ...steps.map(rounded)]
  return table(
    head,
    parts.map(([name, of]) => [name, ...demands.map((demand) => rounded(of(demand)))]),
  )
}

export const ceilingTable = (constants: Constants): string =>
  table(
    ['full at requests a second', 'what', 'then'],
    ceilings(constants).map(({ requestsPerSecond, part, remedy }) => [rounded(requestsPerSecond), part, remedy]),
  )

/** What a request waits for Redis while it is this busy. */
export function waitTable({ microseconds }: Constants): string {
  const busy = [0.3, 0.6, 0.8, 0.9, 0.95]
  const wait = busy.map((share) => `${rounded(waitMs(share, microseconds.redisSession) * 1_000)} µs`)
  return table(['Redis is busy', ...busy.map((share) => `${share * 100} %`)], [['a request waits, mean', ...wait]])
}

const marks = { demand: demandTable, ceilings: ceilingTable, waits: waitTable } as const

export const tablesOf = (constants: Constants): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(marks).map(([name, write]) => [name, write(constants)]))

/** A page with each table between its marks, `<!-- capacity: NAME -->` and `<!-- /capacity -->`, written anew. */
export const rewritten = (page: string, tables: Readonly<Record<string, string>>): string =>
  page.replace(/<!-- capacity: (\w+) -->\n[\s\S]*?<!-- \/capacity -->/g, (whole, name: string) => {
    const found = tables[name]
    return found === undefined ? whole : `<!-- capacity: ${name} -->\n\n${found}\n\n<!-- /capacity -->`
  })
