/** What newer migrations take from a release that still runs: it reads and writes as before, and has to go on. */
import type { Column, Constraint, Contract, Index, TableContract } from './contract.ts'

export interface Breach {
  /** `users.accounts`, and of a column or constraint its name after a dot. */
  readonly of: string
  readonly what: string
}

const entriesOf = <Value>(record: Readonly<Record<string, Value>>) => Object.entries(record)

/** Says of the newest column what the release would stumble over. */
function columnBreach(released: Column, newest: Column | undefined): string | null {
  if (!newest) return 'is gone, and is still read and written'
  if (newest.type !== released.type) return `was ${released.type} and is ${newest.type}`
  if (newest.nullable && !released.nullable) return 'may be null, and is read as if it never were'
  if (released.nullable && !newest.nullable) return 'must not be null, and null is still written'
  if (released.filled && !newest.filled) return 'has lost its default, and is still left out'
  return null
}

const columnBreaches = (table: string, released: TableContract, newest: TableContract): Breach[] => [
  ...entriesOf(released.columns).flatMap(([name, column]) => {
    const what = columnBreach(column, newest.columns[name])
    return what ? [{ of: `${table}.${name}`, what }] : []
  }),
  ...entriesOf(newest.columns)
    .filter(([name, { nullable, filled }]) => !(name in released.columns) && !nullable && !filled)
    .map(([name]) => ({ of: `${table}.${name}`, what: 'is new, has no default, and nobody fills it yet' })),
]

const isNewTo = (released: TableContract) => (column: string) => !(column in released.columns)

/** A column that the release leaves null keeps its rows apart. */
const staysApart = ({ columns }: Index, released: TableContract, newest: TableContract): boolean =>
  columns.filter(isNewTo(released)).some((name) => {
    const column = newest.columns[name]
    return column?.nullable && !column.filled
  })

function indexBreaches(table: string, released: TableContract, newest: TableContract): Breach[] {
  const has = (indexes: readonly Index[], { unique, definition }: Index) =>
    indexes.some((index) => index.definition === definition && index.unique === unique)
  const lost = released.indexes.filter((index) => !has(newest.indexes, index))
  const narrower = newest.indexes.filter(
    (index) => index.unique && !has(released.indexes, index) && !staysApart(index, released, newest),
  )
  return [
    ...lost.map(({ definition }) => ({ of: table, what: `has no index ${definition}, and is still read by it` })),
    ...narrower.map(({ definition }) => ({ of: table, what: `is unique ${definition}, and others are still written` })),
  ]
}

/** What the release leaves to the database when it deletes. */
const follows = ({ definition }: Constraint) => /ON DELETE (?:CASCADE|SET NULL)/.test(definition)

function constraintBreaches(table: string, released: TableContract, newest: TableContract): Breach[] {
  const narrower = entriesOf(newest.constraints).filter(
    ([name, { definition, columns }]) =>
      released.constraints[name]?.definition !== definition && !columns.every(isNewTo(released)),
  )
  const lost = entriesOf(released.constraints).filter(([name, old]) => !(name in newest.constraints) && follows(old))
  return [
    ...narrower.map(([name]) => ({ of: `${table}.${name}`, what: 'refuses what may still be written' })),
    ...lost.map(([name]) => ({ of: `${table}.${name}`, what: 'is gone, and what it takes along is still left to it' })),
  ]
}

const rightBreaches = (table: string, released: TableContract, newest: TableContract): Breach[] =>
  entriesOf(released.rights).flatMap(([role, rights]) => {
    const held = newest.rights[role]?.split(', ') ?? []
    const lost = rights.split(', ').filter((right) => !held.includes(right))
    return lost.length > 0 ? [{ of: table, what: `is kept from ${role}, which needs ${lost.join(', ')}` }] : []
  })

function tableBreaches(name: string, released: TableContract, newest: TableContract | undefined): Breach[] {
  if (!newest) return [{ of: name, what: 'is gone, and is still read and written' }]
  return [columnBreaches, indexBreaches, constraintBreaches, rightBreaches].flatMap((find) =>
    find(name, released, newest),
  )
}

const functionBreaches = (released: Contract, newest: Contract): Breach[] =>
  entriesOf(released.functions)
    .filter(([name, returns]) => newest.functions[name] !== returns)
    .map(([name]) => ({ of: name, what: 'is gone or answers something else, and is still called' }))

const enumBreaches = (released: Contract, newest: Contract): Breach[] =>
  entriesOf(released.enums).flatMap(([name, values]) =>
    values
      .filter((value) => !newest.enums[name]?.includes(value))
      .map((value) => ({ of: name, what: `has lost ${value}, which is still written` })),
  )

/** Nothing, when the release can go on with the newest schema. */
export const breachesOf = (released: Contract, newest: Contract): readonly Breach[] => [
  ...entriesOf(released.tables).flatMap(([name, table]) => tableBreaches(name, table, newest.tables[name])),
  ...functionBreaches(released, newest),
  ...enumBreaches(released, newest),
]

/** In a migration since the release, with the reason: `-- release-safe users.accounts.status: it was never read`. */
const excuse = /^--\s*release-safe\s+(\S+?):[ \t]*\S/gm

/** Those that no migration since gives a reason for. */
export function inexcusable(breaches: readonly Breach[], migrationsSince: readonly { readonly sql: string }[]) {
  const excused = new Set(migrationsSince.flatMap(({ sql }) => [...sql.matchAll(excuse)].map(([, of]) => of)))
  return breaches.filter(({ of }) => !excused.has(of))
}
