/** Metadata: what programs keep with a key. A JSON object, given as text. */

export type Metadata = Readonly<Record<string, unknown>>

/** In bytes, as it is given. */
export const metadataBytesMax = 10_240
const depthMax = 8

/** Postgres keeps neither U+0000 nor halves of surrogate pairs. */
const unkept = /\0|\p{Surrogate}/u

/** The object, or what is wrong with the text. */
export function parseMetadata(text: string): Metadata | string {
  if (Buffer.byteLength(text) > metadataBytesMax) return `must be at most ${metadataBytesMax} bytes`
  const { value, texts } = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'must be the JSON text of an object, such as {"team": "billing"}'
  if (texts.some((each) => unkept.test(each))) return 'must be Unicode text'
  return depthOf(value) > depthMax ? `must be at most ${depthMax} levels deep` : (value as Metadata)
}

/** The value, and every text in it: names of members, and strings. */
function parse(text: string): { readonly value: unknown; readonly texts: readonly string[] } {
  const texts: string[] = []
  try {
    const value: unknown = JSON.parse(text, (name, member: unknown) => {
      texts.push(name, ...(typeof member === 'string' ? [member] : []))
      return member
    })
    return { value, texts }
  } catch {
    return { value: undefined, texts }
  }
}

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
