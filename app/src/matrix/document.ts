/** The matrix as it is kept: JSON, a line for each coordinate, so that a change of one is a change of one line; and Markdown to read. */
import type { PrincipalClass } from './classes.ts'
import type { Differing } from './disagreements.ts'
import type { Cells, Matrix, Row } from './matrix.ts'
import type { Word } from './word.ts'

/** What is written, and read again to compare. */
export interface Kept {
  readonly classes: Readonly<Record<string, string>>
  /** What may be asked of the gateway, by coordinate: the words by class. */
  readonly supergraph: Readonly<Record<string, KeptRow>>
  /** What may be asked past it, by subgraph and coordinate. */
  readonly subgraphs: Readonly<Record<string, Readonly<Record<string, KeptRow>>>>
}

export interface KeptRow {
  readonly subgraphs?: readonly string[]
  readonly directives?: readonly string[]
  readonly cells: Readonly<Record<string, Word>>
}

const wordsIn = (cells: Cells, classes: readonly PrincipalClass[]): Record<string, Word> =>
  Object.fromEntries(classes.map(({ name }) => [name, wordFor(cells, name)]))

function wordFor(cells: Cells, name: string): Word {
  const cell = cells.get(name)
  if (!cell) throw new Error(`a row of the matrix has no cell for ${name}`)
  return cell.word
}

export function keptOf({ callers, services, rows, behind }: Matrix): Kept {
  const everyone = [...callers, ...services]
  return {
    classes: Object.fromEntries(everyone.map(({ name, says }) => [name, says])),
    supergraph: Object.fromEntries(
      rows.map(({ coordinate, subgraphs, directives, cells }) => [
        coordinate,
        { subgraphs, directives, cells: wordsIn(cells, callers) },
      ]),
    ),
    subgraphs: Object.fromEntries(
      [...behind].map(([name, own]) => [
        name,
        Object.fromEntries(own.map(({ coordinate, cells }) => [coordinate, { cells: wordsIn(cells, everyone) }])),
      ]),
    ),
  }
}

export function jsonOf({ classes, supergraph, subgraphs }: Kept): string {
  const lines = (table: Readonly<Record<string, unknown>>, indent: string) =>
    Object.entries(table)
      .map(([name, value]) => `${indent}${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(',\n')
  const each = Object.entries(subgraphs).map(
    ([name, rows]) => `    ${JSON.stringify(name)}: {\n${lines(rows, '      ')}\n    }`,
  )
  const parts = [
    `  "classes": {\n${lines(classes, '    ')}\n  }`,
    `  "supergraph": {\n${lines(supergraph, '    ')}\n  }`,
    `  "subgraphs": {\n${each.join(',\n')}\n  }`,
  ]
  return `{\n${parts.join(',\n')}\n}\n`
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const code = (text: string): string => `\`${text}\``

export function markdownOf(matrix: Matrix, differing: readonly Differing[]): string {
  const { callers, services, rows, behind, unread } = matrix
  const everyone = [...callers, ...services]
  const names = callers.map(({ name }) => name)
  const hidden = [...behind].map(([name, own]) => hiddenOf(matrix, name, own, everyone))
  const inPerson = new Set(differing.filter((each) => each.difference === 'in person').map((each) => each.coordinate))
  const publicRows = rows.map(({ coordinate, subgraphs, directives, cells }) => [
    ...[code(coordinate), subgraphs.join(', '), directives.map(code).join(' ')],
    inPerson.has(coordinate) ? 'in person' : '',
    ...Object.values(wordsIn(cells, callers)),
  ])
  return `${[
    '# The permission matrix',
    'Written by `npm run matrix`, never by hand. [How to read it](README.md).',
    table(
      ['class', 'who that is'],
      everyone.map(({ name, says }) => [name, says]),
    ),
    `## What may be asked of the gateway\n\n${rows.length} coordinates, ${callers.length} classes.`,
    ...unread.map((name) => `Of \`${name}\` only the gateway’s half is known: its rules could not be read.`),
    table(['coordinate', 'subgraphs', 'the supergraph asks', 'the subgraph asks besides', ...names], publicRows),
    '## What only services may ask\n\nFields that are not in the graph of clients, asked of a subgraph past the gateway.',
    ...hidden.filter((section) => section !== ''),
  ].join('\n\n')}\n`
}

/** What a client cannot see, and what it can where a service may ask it as well. */
function hiddenOf({ rows, services }: Matrix, name: string, own: readonly Row[], everyone: readonly PrincipalClass[]) {
  const shown = new Set(rows.map(({ coordinate }) => coordinate))
  const ofServices = ({ cells }: Row) => Object.values(wordsIn(cells, services)).some((word) => word === 'allowed')
  const listed = own.filter((row) => !shown.has(row.coordinate))
  if (listed.length === 0) return ''
  const open = own.filter((row) => shown.has(row.coordinate) && ofServices(row)).length
  const cells = listed.map((row) => [code(row.coordinate), ...Object.values(wordsIn(row.cells, everyone))])
  const besides =
    open > 0 ? `\n\nOf the graph of clients services may ask ${open} coordinates here; the JSON lists them.` : ''
  return `### ${name}\n\n${table(['coordinate', ...everyone.map((each) => each.name)], cells)}${besides}`
}
