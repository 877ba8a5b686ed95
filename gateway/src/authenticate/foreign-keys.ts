/** Keys that another system made: their texts name no id, so it is asked for once and remembered. */
import { hash } from 'node:crypto'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import type { KeyErrands } from './key-errands.ts'

/** The id of the key whose text this may be, or `null`. Whether it is, and may be used, is judged afterwards as for any key. */
export type ForeignKeyIds = (text: string) => Promise<string | null>

const rememberedMax = 20_000
const lengths = { least: 24, most: 256 }

/** What begins like ours is ours, and a typo in it is no question for anybody. */
const mayBeForeign = (text: string): boolean =>
  text.length >= lengths.least && text.length <= lengths.most && !text.startsWith('lk_') && /^[\x21-\x7e]+$/.test(text)

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
    if (!mayBeForeign(text)) return null
    const digest = hash('sha256', text, 'base64url')
    const keyId = known.find(digest)
    if (keyId !== undefined) return keyId
    const asked = underway.get(digest) ?? ask(text, digest)
    underway.set(digest, asked)
    return asked
  }
}
