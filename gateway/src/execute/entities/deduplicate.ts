/** The same entity is asked for once per fetch, wherever it was met. */
import type { Tree } from '../tree.ts'
import type { RepresentationBuilder } from './representations.ts'

/** What is asked, and whose answer is whose: `owners[i]` is answered by entity number `answeredBy[i]`. */
export interface Asked {
  readonly representations: Tree[]
  readonly owners: Tree[]
  readonly answeredBy: number[]
}

export function ask(entities: readonly Tree[], build: RepresentationBuilder): Asked {
  const asked: Asked = { representations: [], owners: [], answeredBy: [] }
  const seen = entities.length > 1 ? new Map<string, number>() : undefined
  for (let at = 0; at < entities.length; at++) {
    const entity = entities[at] as Tree // within bounds
    const representation = build(entity)
    if (representation === undefined) continue
    asked.owners.push(entity)
    asked.answeredBy.push(numberOf(representation, asked.representations, seen))
  }
  return asked
}

function numberOf(representation: Tree, known: Tree[], seen: Map<string, number> | undefined): number {
  const identity = seen && identityOf(representation)
  const number = identity === undefined ? undefined : seen?.get(identity)
  if (number !== undefined) return number
  if (identity !== undefined) seen?.set(identity, known.length)
  return known.push(representation) - 1
}

/** Two representations are the same exactly when these are. The common one, a type and one string, is cheap. */
function identityOf(representation: Tree): string {
  let only: unknown
  let fields = 0
  for (const key in representation) {
    if (key === '__typename') continue
    only = representation[key]
    fields++
  }
  return fields === 1 && typeof only === 'string'
    ? `${representation.__typename} ${only}`
    : JSON.stringify(representation)
}
