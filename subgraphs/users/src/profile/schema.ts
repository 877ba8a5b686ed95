/** The schemas that an installation gives its metadata (JSON Schema 2020-12). The only home of ajv. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { type Bucket, buckets } from './metadata.ts'

/** What is wrong with the metadata of a bucket by its schema, or `null`. Any object is right where there is no schema. */
export type MetadataSchemas = (bucket: Bucket, metadata: unknown) => string | null

const isBucket = (name: string): name is Bucket => buckets.some((bucket) => bucket === name)

const faultText = ({ instancePath, message, params }: ErrorObject): string => {
  const unknown = 'additionalProperty' in params ? ` "${String(params.additionalProperty)}"` : ''
  return `${instancePath || 'it'} ${message ?? 'is wrong'}${unknown}`
}

/** The parts of the file; throws an Error of one line when it is not what it should be. */
function parseSchemas(text: string): Record<string, object> {
  const refuse = (what: string) => new Error(`the profile schema ${what}`)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw refuse('is not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null) throw refuse('must be an object of buckets')
  for (const [name, schema] of Object.entries(parsed)) {
    if (!isBucket(name)) throw refuse(`names a bucket "${name}"; there are ${buckets.join(', ')}`)
    if (typeof schema !== 'object' || schema === null) throw refuse(`of the bucket "${name}" must be an object`)
  }
  return parsed as Record<string, object>
}

/** `text`: JSON with a schema for some of the buckets. What a schema does not name is refused, unless it says otherwise. */
export function createMetadataSchemas(text: string | null): MetadataSchemas {
  if (text === null) return () => null
  const ajv = new Ajv2020({ strict: true, allErrors: false, messages: true })
  const validators = new Map(
    Object.entries(parseSchemas(text)).map(([bucket, schema]) => {
      try {
        return [bucket, ajv.compile({ type: 'object', additionalProperties: false, ...schema })]
      } catch (error) {
        throw new Error(`the profile schema of the bucket "${bucket}" is none: ${(error as Error).message}`)
      }
    }),
  )
  return (bucket, metadata) => {
    const validate = validators.get(bucket)
    if (!validate || validate(metadata)) return null
    const [first] = validate.errors ?? []
    return first ? faultText(first) : 'does not fit its schema'
  }
}
