/** The widest way to every field of a schema, for one caller. */
import type { GraphQLSchema } from 'graphql'
import { asksForMore, coordinateOf, type Step, stepsFrom, typeAfter, type Way } from './path.ts'
import { isRefusal, type Word, widthOf } from './word.ts'

export interface Found {
  readonly way: Way
  readonly word: Word
}

export interface Search {
  readonly schema: GraphQLSchema
  /** In the order they are tried: what one reaches, the next ones are not needed for. */
  readonly roots: readonly (readonly [Way['root'], ReadonlyArray<string>])[]
  /** What becomes of a caller who goes this way to its end. */
  judge(way: Way): Promise<Word>
}

/**
 * By coordinate. Of the shortest ways each field is asked by the one that lets the caller the furthest: through what is open to
 * them, where that leads to it, else through what is not, which says why it does not. What no way leads to is not in it.
 */
export async function searchWays(search: Search): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>()
  const open = await spread(search, found, 'open')
  await spread(search, found, 'all', open)
  return found
}

interface Place {
  readonly type: string
  readonly steps: readonly Step[]
}

/** Goes on only from types that are not yet `known`; tells which it came to. */
async function spread(
  { schema, roots, judge }: Search,
  found: Map<string, Found>,
  through: 'open' | 'all',
  known: ReadonlySet<string> = new Set(),
): Promise<ReadonlySet<string>> {
  const reached = new Set<string>()
  for (const [root, names] of roots) {
    // What wants an id is gone through last: there is nothing that an id of nobody's leads to.
    const [near, far]: [Place[], Place[]] = [names.map((type) => startAt(root, type)), []]
    for (let place = near.shift(); place; place = near.shift() ?? far.shift()) {
      const type = schema.getType(place.type)
      if (!type || reached.has(place.type)) continue
      reached.add(place.type)
      for (const step of stepsFrom(schema, type)) {
        const way = { root, steps: [...place.steps, step] }
        const word = known.has(place.type) ? undefined : await judge(way)
        if (word !== undefined && step.kind === 'field') keepWider(found, coordinateOf(step), { way, word })
        if (through === 'open' && word !== undefined && isRefusal(word)) continue
        const next = asksForMore(step) ? far : near
        next.push({ type: typeAfter(step), steps: way.steps })
      }
    }
  }
  return reached
}

const startAt = (root: Way['root'], type: string): Place => ({
  type,
  steps: root === 'entity' ? [{ kind: 'on', type }] : [],
})

function keepWider(found: Map<string, Found>, coordinate: string, next: Found): void {
  const before = found.get(coordinate)
  if (!before || widthOf(next.word) > widthOf(before.word)) found.set(coordinate, next)
}
