/** What was read before, and counts for as long as it still stands in the store: asked in the step that acts on it. */
import { hash } from 'node:crypto'

export interface Standing {
  /** Where it stands. */
  readonly key: string
  /** Of the text that stands there; `null`: nothing may. */
  readonly digest: string | null
}

/** All of it, or it does not hold. The same object for as long as it says the same. */
export type Proviso = readonly Standing[]

/** As scripts in Redis make it of a text (`redis.sha1hex`). */
export const standingAs = (key: string, text: string): Standing => ({ key, digest: hash('sha1', text) })
