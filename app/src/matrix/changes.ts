/** What changed between two matrices: which cells let more through than before, and which less. */
import type { Kept, KeptRow } from './document.ts'
import { type Word, widthOf } from './word.ts'

export interface Change {
  /** `User.email`, or `users: User.email` past the gateway. */
  readonly coordinate: string
  readonly class: string
  /** `null`: there was no such cell. */
  readonly before: Word | null
  /** `null`: there is none any more. */
  readonly after: Word | null
}

export interface Changes {
  /** What was refused, and is not; a new cell that lets through is one. */
  readonly wider: readonly Change[]
  readonly narrower: readonly Change[]
}

export function compare(before: Kept, after: Kept): Changes {
  const [old, now] = [cellsOf(before), cellsOf(after)]
  const all = [...new Set([...old.keys(), ...now.keys()])]
  const changes = all.map((key): Change => {
    const [coordinate = '', of = ''] = key.split(separator)
    return { coordinate, class: of, before: old.get(key) ?? null, after: now.get(key) ?? null }
  })
  const width = (word: Word | null) => (word === null ? 0 : widthOf(word))
  return {
    wider: changes.filter((each) => width(each.after) > width(each.before)),
    narrower: changes.filter((each) => width(each.after) < width(each.before)),
  }
}

const separator = '\n'

function cellsOf({ supergraph, subgraphs }: Kept): ReadonlyMap<string, Word> {
  const cells = new Map<string, Word>()
  const add = (rows: Readonly<Record<string, KeptRow>>, place: string) => {
    for (const [coordinate, row] of Object.entries(rows))
      for (const [name, word] of Object.entries(row.cells)) cells.set(`${place}${coordinate}${separator}${name}`, word)
  }
  add(supergraph, '')
  for (const [name, rows] of Object.entries(subgraphs)) add(rows, `${name}: `)
  return cells
}

/** A line for each coordinate that changed: `User.email: reading key forbidden → own`. */
export function linesOf(changes: readonly Change[]): readonly string[] {
  const byCoordinate = new Map<string, string[]>()
  for (const { coordinate, class: name, before, after } of changes)
    byCoordinate.set(coordinate, [
      ...(byCoordinate.get(coordinate) ?? []),
      `${name} ${before ?? 'not there'} → ${after ?? 'gone'}`,
    ])
  return [...byCoordinate].map(([coordinate, of]) => `${coordinate}: ${of.join(', ')}`)
}
