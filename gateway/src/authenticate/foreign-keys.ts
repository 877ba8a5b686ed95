/** Keys that another system made: their texts name no id, so it is asked for once and remembered. */
import { hash } from 'node:crypto'
import { mayBeForeignKey } from '@latchkey/principal/foreign-key-text'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import type { KeyErrands } from './key-errands.ts'

/** The id of the key whose text this may be, or `null`. Whether it is, and may be used, is judged afterwards as for any key. */
export type ForeignKeyIds = (text: string) => Promise<string | null>

const rememberedMax = 20_000

/** By digest, so that no key's text stays in memory. A text is always that of the same key; one that is none is asked for again. */
export function createForeignKeyIds({ recogniseForeignKey }: Pick<KeyErrands, 'recogniseForeignKey'>): ForeignKeyIds {
  const known = createBoundedCache<string>({ entriesMax: rememberedMax })
  const underway = new Map<string, Promise<string | null>>()

  async function ask(text: string, digest: string): Promise<string | null> {
    try {
      const key = await recogniseForeignKey(text)
      if (key) known.keep(digest, key.keyId)
      return key?.keyId ?? null
    } finally {
      underway.delete(digest)
    }
  }

  return async (text) => {
    if (!mayBeForeignKey(text)) return null
    const digest = hash('sha256', text, 'base64url')
    const keyId = known.find(digest)
    if (keyId !== undefined) return keyId
    const asked = underway.get(digest) ?? ask(text, digest)
    underway.set(digest, asked)
    return asked
  }
}
