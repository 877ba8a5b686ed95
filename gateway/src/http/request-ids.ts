/** One id per request, from the edge to the last subgraph and into every log line. */
import { type Entropy, randomBase62 } from '@latchkey/clock'

const acceptable = /^[\w.-]{8,64}$/

export interface RequestIds {
  next(): string
  /** What a proxy of ours called the request; our own id where that is no id. */
  adopt(given: string | readonly string[] | undefined): string
}

/** Unique among processes by their first part, within one by counting: making one costs next to nothing. */
export function createRequestIds(entropy: Entropy): RequestIds {
  const prefix = randomBase62(entropy, 10)
  let count = 0
  const next = () => `${prefix}-${(++count).toString(36)}`
  return { next, adopt: (given) => (typeof given === 'string' && acceptable.test(given) ? given : next()) }
}
