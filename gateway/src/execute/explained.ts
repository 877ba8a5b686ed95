/** Whether a null has its error already: one at the same place, below it, or above it. */
import type { Path } from './tree.ts'

export function explain(errors: readonly Path[]): (path: Path) => boolean {
  const exact = new Set(errors.filter((path) => path.length > 0).map(keyOf))
  const atOrBelow = new Set(errors.flatMap(prefixesOf).map(keyOf))
  return (path) => atOrBelow.has(keyOf(path)) || prefixesOf(path).some((prefix) => exact.has(keyOf(prefix)))
}

const prefixesOf = (path: Path): Path[] => path.map((_, at) => path.slice(0, at + 1))

const keyOf = (path: Path): string => path.join('.')
