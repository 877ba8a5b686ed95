/** `supergraph.yaml`, in rover's format: which subgraphs there are, where they are, and where their schemas come from. */
import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'

export interface SubgraphSource {
  readonly name: string
  /** Where a gateway in another process reaches it. */
  readonly url: string
  /** The file the schema came from, or the address, for messages. */
  readonly file: string
  readonly sdl: string
}

export interface SupergraphConfig {
  readonly subgraphs: readonly SubgraphSource[]
}

/** A schema that its subgraph tells itself. */
export interface RemoteSchema {
  readonly name: string
  readonly url: string
  /** What it wants to be asked with. */
  readonly headers: Readonly<Record<string, string>>
}

/** Schemas that were fetched, by the name of their subgraph. */
export type FetchedSchemas = ReadonlyMap<string, string>

const address = z.url({ protocol: /^https?$/ })
const subgraphEntry = z.union([
  z.strictObject({ routing_url: address, schema: z.strictObject({ file: z.string().min(1) }) }),
  z.strictObject({
    routing_url: address.optional(),
    schema: z.strictObject({
      subgraph_url: address,
      introspection_headers: z.record(z.string(), z.string()).default({}),
    }),
  }),
])

const configFile = z.strictObject({
  federation_version: z.union([z.string(), z.number()]).optional(),
  subgraphs: z.record(z.string().regex(/^[a-z][\w-]*$/i), subgraphEntry).refine((all) => Object.keys(all).length > 0, {
    error: 'names no subgraph',
  }),
})

/** The schemas that have to be fetched. Throws an Error of one line that names the file and what is wrong. */
export const remoteSchemasIn = (path: string): readonly RemoteSchema[] =>
  Object.entries(readEntries(path)).flatMap(([name, { schema }]) =>
    'subgraph_url' in schema ? [{ name, url: schema.subgraph_url, headers: schema.introspection_headers }] : [],
  )

/** Reads the file and the schemas it names, relative to itself. Throws an Error of one line that names the file and what is wrong. */
export function readSupergraphConfig(path: string, fetched: FetchedSchemas = new Map()): SupergraphConfig {
  const subgraphs = Object.entries(readEntries(path)).map(([name, { routing_url: url, schema }]): SubgraphSource => {
    if ('subgraph_url' in schema) {
      const sdl = fetched.get(name)
      if (sdl === undefined) throw new Error(`${path}: the schema of ${name} is not in a file, and was not fetched`)
      return { name, url: url ?? schema.subgraph_url, file: schema.subgraph_url, sdl }
    }
    const file = isAbsolute(schema.file) ? schema.file : join(dirname(path), schema.file)
    return { name, url: url ?? '', file, sdl: readText(file, `subgraph ${name} of ${path}`) }
  })
  return { subgraphs }
}

function readEntries(path: string) {
  const parsed = configFile.safeParse(readYaml(path))
  if (!parsed.success) throw new Error(`${path}: ${parsed.error.issues.flatMap(describeIssue).join('; ')}`)
  return parsed.data.subgraphs
}

/** Of an entry that is neither of the two kinds, what it lacks to be the one that it looks like. */
function describeIssue(issue: z.core.$ZodIssue): string[] {
  if (issue.code !== 'invalid_union') return [`${issue.path.map(String).join('.') || 'the file'}: ${issue.message}`]
  const [closest = []] = [...issue.errors].sort((one, other) => one.length - other.length)
  return closest.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }))
}

function readYaml(path: string): unknown {
  try {
    return parseYaml(readText(path, 'the configuration of composition'))
  } catch (thrown) {
    const [reason = ''] = messageOf(thrown).split('\n')
    throw new Error(reason.startsWith(path) ? reason : `${path}: ${reason}`)
  }
}

/** Throws an Error of one line that names the file. */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new Error(`${path}: cannot read ${what}: ${messageOf(thrown)}`)
  }
}

export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
