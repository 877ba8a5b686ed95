/** Composition: `supergraph.yaml` and the schemas it names become `supergraph.graphql`. */
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { lostAssurance } from '@latchkey/subgraph/linked-directives'
import { composeServices } from '@theguild/federation-composition'
import { type DocumentNode, GraphQLError, parse, Source } from 'graphql'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { lintAccess } from './compose-lint.ts'
import { emptySets } from './empty-sets.ts'
import { ungrantedReads } from './ungranted-reads.ts'

export interface SubgraphSource {
  readonly name: string
  /** Where a gateway in another process reaches it. */
  readonly url: string
  /** The file the schema came from, for messages. */
  readonly file: string
  readonly sdl: string
}

export interface SupergraphConfig {
  readonly subgraphs: readonly SubgraphSource[]
}

/** What composed may still have lines worth reading. */
export type Composition =
  | { readonly sdl: string; readonly warnings: readonly string[] }
  | { readonly errors: readonly string[] }

/** Composes without touching anything. Each error is one line that begins with the file at fault, where there is one. */
export function composeSupergraph({ subgraphs }: SupergraphConfig): Composition {
  const parsed = subgraphs.map(parseSubgraph)
  const unreadable = parsed.flatMap((each) => (typeof each === 'string' ? [each] : []))
  if (unreadable.length > 0) return { errors: unreadable }
  const services = parsed.flatMap((each) => (typeof each === 'string' ? [] : [each]))
  const { supergraphSdl, errors } = composeServices(services)
  if (errors) return { errors: errors.map((error) => describe(error, subgraphs)) }
  const files = new Map(subgraphs.map(({ name, file }) => [name, file]))
  const linted = services.map(({ name, typeDefs }) => ({ name, typeDefs, file: files.get(name) ?? name }))
  const lint = lintAccess(supergraphSdl, linted)
  const mistakes = [...lint.errors, ...ungrantedReads(supergraphSdl, linted)]
  if (mistakes.length > 0) return { errors: mistakes }
  return { sdl: `${supergraphSdl.trimEnd()}\n`, warnings: lint.warnings }
}

function parseSubgraph({
  name,
  url,
  file,
  sdl,
}: SubgraphSource): { name: string; url: string; typeDefs: DocumentNode } | string {
  try {
    const typeDefs = parse(new Source(sdl, file))
    const lost = lostAssurance(typeDefs)
    if (lost) return `${file}: @${lost} is used and would be lost: add @composeDirective(name: "@${lost}")`
    const empty = emptySets(typeDefs)
    if (empty) return `${file}: ${empty}`
    return { name, url, typeDefs }
  } catch (thrown) {
    return thrown instanceof GraphQLError ? at(file, thrown) : `${file}: ${String(thrown)}`
  }
}

function describe(error: GraphQLError, subgraphs: readonly SubgraphSource[]): string {
  const blamed = subgraphs.find(({ name }) => name === error.extensions.subgraphName)
  if (blamed) return at(blamed.file, error)
  const named = subgraphs.filter(({ name }) => namesSubgraph(error, name)).map(({ file }) => file)
  return at(named.join(', ') || 'supergraph', error)
}

const namesSubgraph = ({ message }: GraphQLError, name: string): boolean =>
  message.includes(`"${name}"`) || message.startsWith(`[${name}]`)

function at(file: string, { message, locations, extensions }: GraphQLError): string {
  const place = locations?.[0] ? `${file}:${locations[0].line}:${locations[0].column}` : file
  const code = typeof extensions.code === 'string' ? ` (${extensions.code})` : ''
  return `${place}: ${message.replace(/\s+/g, ' ')}${code}`
}

const subgraphEntry = z.strictObject({
  routing_url: z.url({ protocol: /^https?$/ }),
  schema: z.strictObject({ file: z.string().min(1) }),
})

/** rover's format, as far as it works offline: every schema is a file. */
const configFile = z.strictObject({
  federation_version: z.union([z.string(), z.number()]).optional(),
  subgraphs: z.record(z.string().regex(/^[a-z][\w-]*$/i), subgraphEntry).refine((all) => Object.keys(all).length > 0, {
    error: 'names no subgraph',
  }),
})

/** Reads the file and the schemas it names, relative to itself. Throws an Error of one line that names the file and what is wrong. */
export function readSupergraphConfig(path: string): SupergraphConfig {
  const parsed = configFile.safeParse(readYaml(path))
  if (!parsed.success) throw new Error(`${path}: ${parsed.error.issues.map(describeIssue).join('; ')}`)
  const subgraphs = Object.entries(parsed.data.subgraphs).map(([name, { routing_url, schema }]) => {
    const file = join(dirname(path), schema.file)
    return { name, url: routing_url, file, sdl: readText(file, `subgraph ${name} of ${path}`) }
  })
  return { subgraphs }
}

const describeIssue = (issue: z.core.$ZodIssue): string =>
  `${issue.path.map(String).join('.') || 'the file'}: ${issue.message}`

function readYaml(path: string): unknown {
  try {
    return parseYaml(readText(path, 'the configuration of composition'))
  } catch (thrown) {
    const [reason = ''] = messageOf(thrown).split('\n')
    throw new Error(reason.startsWith(path) ? reason : `${path}: ${reason}`)
  }
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new Error(`${path}: cannot read ${what}: ${messageOf(thrown)}`)
  }
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** What the command says and how it ends. */
export interface ComposeReport {
  readonly exitCode: 0 | 1
  readonly lines: readonly string[]
}

/**
 * The command: `[--check] [--config FILE] [--output FILE]`. Without `--output` the result stands beside the configuration as
 * `supergraph.graphql`. With `--check` nothing is written, and a stale result is a failure. A failure leaves the output as it was.
 */
export function composeCommand(args: readonly string[]): ComposeReport {
  try {
    const { check, config, output } = readArguments(args)
    const composition = composeSupergraph(readSupergraphConfig(config))
    if ('errors' in composition) return { exitCode: 1, lines: composition.errors }
    const { exitCode, lines } = check === true ? checkFresh(output, composition.sdl) : write(output, composition.sdl)
    return { exitCode, lines: [...composition.warnings, ...lines] }
  } catch (thrown) {
    return { exitCode: 1, lines: [messageOf(thrown)] }
  }
}

function readArguments(args: readonly string[]): { check: boolean | undefined; config: string; output: string } {
  const { values } = parseArgs({
    args: [...args],
    options: { check: { type: 'boolean' }, config: { type: 'string' }, output: { type: 'string' } },
  })
  const { config = 'supergraph.yaml' } = values
  return { check: values.check, config, output: values.output ?? join(dirname(config), 'supergraph.graphql') }
}

function checkFresh(output: string, sdl: string): ComposeReport {
  const state = !existsSync(output) ? 'missing' : readText(output, 'the supergraph') === sdl ? 'fresh' : 'stale'
  if (state === 'fresh') return { exitCode: 0, lines: [`${output} is fresh`] }
  return { exitCode: 1, lines: [`${output} is ${state}: run \`npm run compose\` and commit what it writes`] }
}

function write(output: string, sdl: string): ComposeReport {
  const unfinished = `${output}.${process.pid}.tmp`
  try {
    writeFileSync(unfinished, sdl)
    renameSync(unfinished, output)
  } catch (thrown) {
    rmSync(unfinished, { force: true })
    throw thrown
  }
  return { exitCode: 0, lines: [`${output} written`] }
}

const started = process.argv[1]
if (started !== undefined && existsSync(started) && realpathSync(started) === fileURLToPath(import.meta.url)) {
  const { exitCode, lines } = composeCommand(process.argv.slice(2))
  for (const line of lines) (exitCode === 0 ? console.log : console.error)(line)
  process.exitCode = exitCode
}
