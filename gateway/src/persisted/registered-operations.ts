/** The operations that are registered: by their ids, and by their texts. */
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import { stripIgnoredCharacters } from 'graphql'
import type { ManifestOperation } from './manifest.ts'

export interface RegisteredOperations {
  readonly all: readonly ManifestOperation[]
  /** What an id stands for. */
  textOf(id: string): string | undefined
  /** Whether a text is that of one of them, save for blanks, line ends, commas and comments. */
  includes(text: string): boolean
}

/** Spellings of registered texts that clients were seen to send: each is read once. */
const spellings = { entriesMax: 1_000, weightMax: 8_000_000 }

/** A text of more characters is not read at all. */
export function createRegisteredOperations(
  all: readonly ManifestOperation[],
  charactersMax: number,
): RegisteredOperations {
  const texts = new Map(all.map(({ id, body }) => [id, body]))
  const exact = new Set(texts.values())
  const plain = new Set(all.map(({ body }) => withoutBlanks(body)))
  const known = createBoundedCache<true>(spellings)
  return {
    all,
    textOf: (id) => texts.get(id),
    includes(text) {
      if (exact.has(text) || known.find(text)) return true
      if (text.length > charactersMax || !plain.has(withoutBlanks(text))) return false
      known.keep(text, true, text.length)
      return true
    },
  }
}

/** A text that is none of GraphQL stays what it is: no registered one is like it. */
function withoutBlanks(text: string): string {
  try {
    return stripIgnoredCharacters(text)
  } catch {
    return text
  }
}
