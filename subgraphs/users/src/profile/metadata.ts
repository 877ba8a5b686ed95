/** Metadata: what an installation keeps with an account in three buckets, by who may read and write them. */
import type { Json } from '../json.ts'

/** `public`: others may read it. `private`: the person alone. `admin`: administrators alone. */
export const buckets = ['public', 'private', 'admin'] as const

export type Bucket = (typeof buckets)[number]

export type Metadata = { readonly [name: string]: Json }

/** Of the JSON text, in UTF-8. */
export const metadataBytesMax = 4_096
/** Objects and lists in each other: `{"a": {"b": 1}}` has two levels. */
export const metadataDepthMax = 8

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Looks no deeper than is allowed, so that nothing deep is ever walked to its end. */
function isWithin(value: unknown, depthLeft: number): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'number' || Number.isFinite(value)
  return depthLeft > 0 && Object.values(value).every((part) => isWithin(part, depthLeft - 1))
}

/** What is wrong with the value of a bucket, or `null`. */
export function faultOfMetadata(value: unknown): string | null {
  if (!isObject(value)) return 'must be a JSON object'
  if (!isWithin(value, metadataDepthMax)) return `must be JSON of at most ${metadataDepthMax} levels`
  if (Buffer.byteLength(JSON.stringify(value)) > metadataBytesMax)
    return `must be at most ${metadataBytesMax} bytes of JSON`
  return null
}

/** As it is sealed. Only for what `faultOfMetadata` finds no fault with. */
export const metadataText = (value: unknown): string => JSON.stringify(value)

/** Only `metadataText` writes what is read here. */
export const readMetadata = (text: string): Metadata => JSON.parse(text) as Metadata
