/** A manifest of operations: Apollo's persisted-query manifest, as its client tools write it. Read, joined and written. */
import { GraphQLError, Kind, parse } from 'graphql'
import { z } from 'zod'

export interface ManifestOperation {
  readonly id: string
  readonly name: string
  readonly type: 'query' | 'mutation' | 'subscription'
  /** The text that the id stands for: one operation, and the fragments it spreads. */
  readonly body: string
}

const bodyMax = 64 * 1024
const operationsMax = 10_000
/** What a manifest may hold at most, as a text. */
export const manifestBytesMax = 64 * 1024 * 1024

const format = 'apollo-persisted-query-manifest'

const manifest = z.object({
  format: z.literal(format, { error: `must be "${format}"` }),
  version: z.literal(1, { error: 'must be 1' }),
  operations: z
    .array(
      z.object({
        id: z.string().regex(/^[\w.:+/=-]{1,128}$/, { error: 'must be 1 to 128 letters, digits or . : + / = - _' }),
        name: z.string().min(1).max(200),
        type: z.enum(['query', 'mutation', 'subscription']),
        body: z.string().min(1).max(bodyMax),
      }),
    )
    .max(operationsMax),
})

/** @throws Error of one line that says what is wrong, and with which operation. */
export function parseManifest(text: string): readonly ManifestOperation[] {
  if (text.length > manifestBytesMax) throw new Error(`it is longer than ${manifestBytesMax} characters`)
  const parsed = manifest.safeParse(parseJson(text))
  if (!parsed.success) throw new Error(parsed.error.issues.slice(0, 5).map(describe).join('; '))
  const { operations } = parsed.data
  const wrong = operations.flatMap((operation) => faultOf(operation) ?? [])
  const last = new Map(operations.map(({ id }, at) => [id, at]))
  const twice = operations.filter(({ id }, at) => last.get(id) !== at)
  const faults = [...wrong, ...twice.map(({ id }) => `${id}: is there twice`)]
  if (faults.length > 0) throw new Error(faults.slice(0, 5).join('; '))
  return operations
}

export const writeManifest = (operations: readonly ManifestOperation[]): string =>
  `${JSON.stringify({ format, version: 1, operations }, null, 2)}\n`

const describe = ({ path, message }: z.core.$ZodIssue): string => `${path.map(String).join('.') || 'it'}: ${message}`

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('it is not JSON')
  }
}

function faultOf({ id, name, type, body }: ManifestOperation): string | null {
  try {
    const operations = parse(body, { noLocation: true }).definitions.filter(
      (node) => node.kind === Kind.OPERATION_DEFINITION,
    )
    const [operation] = operations
    if (!operation || operations.length > 1) return `${id}: the body must hold one operation`
    if (operation.name?.value !== name) return `${id}: the operation in the body is not called ${name}`
    return operation.operation === type ? null : `${id}: the operation in the body is no ${type}`
  } catch (thrown) {
    return `${id}: ${thrown instanceof GraphQLError ? thrown.message : String(thrown)}`
  }
}
