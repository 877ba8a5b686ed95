/** What operations were compiled to, kept for all of them together: however many a client makes up, they fit in here. */
import { type CacheBounds, createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import { nothingWithheld, type Withheld } from '../withheld.ts'
import type { ObjectProjection } from './project.ts'
import type { Step } from './run.ts'

/** An operation with every @skip and @include decided, and without what is withheld. */
export interface Variant {
  /** Asks the subgraphs; `undefined` when none needs to be asked. */
  readonly fetch: Step | undefined
  readonly projection: ObjectProjection
  /** Bytes it takes, estimated. */
  readonly weight: number
}

/** Compiles one operation's variant for a combination of its conditions, without what is withheld. */
export type CompileVariant = (combination: string, withheld: Withheld) => Promise<Variant>

/** The variants of one operation. */
export interface OperationVariants {
  /** The variant for a combination of its conditions; a promise when it is not kept, one for all who ask meanwhile. Rejects with what compiling rejects with. */
  take(combination: string, withheld?: Withheld): Variant | Promise<Variant>
  /** The combinations that were compiled last and are kept. Not those of which something is withheld, by the rules of one supergraph. */
  combinations(): readonly string[]
}

export interface Variants {
  keeping(compile: CompileVariant): OperationVariants
  /** How many are kept. */
  readonly size: number
}

/** Of one operation. A condition that is a variable doubles what there may be. */
const combinationsMax = 16

const defaultBounds: CacheBounds = { entriesMax: 2_000, weightMax: 64 * 1024 * 1024 }

export function createVariants(bounds: CacheBounds = defaultBounds): Variants {
  const kept = createBoundedCache<Variant>(bounds)
  const underWay = new Map<string, Promise<Variant>>()
  let operations = 0
  return {
    keeping(compile) {
      operations += 1
      const prefix = `${operations} `
      const compiled: string[] = []
      const keyOf = (combination: string, { key }: Withheld) => `${prefix}${combination} ${key}`
      async function compileAnew(key: string, combination: string, withheld: Withheld): Promise<Variant> {
        try {
          const variant = await compile(combination, withheld)
          kept.keep(key, variant, variant.weight)
          if (withheld === nothingWithheld && compiled.push(combination) > combinationsMax) compiled.shift()
          return variant
        } finally {
          underWay.delete(key)
        }
      }
      return {
        take(combination, withheld = nothingWithheld) {
          const key = keyOf(combination, withheld)
          const known = kept.find(key) ?? underWay.get(key)
          if (known) return known
          const compiling = compileAnew(key, combination, withheld)
          underWay.set(key, compiling)
          return compiling
        },
        combinations: () =>
          [...new Set(compiled)].filter((combination) => kept.find(keyOf(combination, nothingWithheld))),
      }
    },
    get size() {
      return kept.size
    },
  }
}
