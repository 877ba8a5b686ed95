/** What operations were compiled to, kept for all of them together: however many a client makes up, they fit in here. */
import { type CacheBounds, createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import type { ObjectProjection } from './project.ts'
import type { Step } from './run.ts'

/** An operation with every @skip and @include decided. */
export interface Variant {
  /** Asks the subgraphs; `undefined` when none needs to be asked. */
  readonly fetch: Step | undefined
  readonly projection: ObjectProjection
  /** Bytes it takes, estimated. */
  readonly weight: number
}

/** One operation's variant for a combination of its conditions, compiled when it is not kept. Throws what compiling throws. */
export type VariantFor = (combination: string) => Variant

export interface Variants {
  keeping(compile: VariantFor): VariantFor
  /** How many are kept. */
  readonly size: number
}

const defaultBounds: CacheBounds = { entriesMax: 2_000, weightMax: 64 * 1024 * 1024 }

export function createVariants(bounds: CacheBounds = defaultBounds): Variants {
  const kept = createBoundedCache<Variant>(bounds)
  let operations = 0
  return {
    keeping(compile) {
      operations += 1
      const prefix = `${operations} `
      return (combination) => {
        const key = prefix + combination
        const known = kept.find(key)
        if (known) return known
        const variant = compile(combination)
        kept.keep(key, variant, variant.weight)
        return variant
      }
    },
    get size() {
      return kept.size
    },
  }
}
