/** Schemas that subgraphs tell themselves, as rover asks for them; what they told last is kept for when they are down. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { secondMs } from '@latchkey/clock'
import { type FetchedSchemas, messageOf, type RemoteSchema } from './supergraph-config.ts'

export interface FetchSchemasOptions {
  /** Where schemas are kept, a file for each subgraph; nowhere unless said. */
  readonly keptIn?: string | undefined
  /** What a subgraph of this name is asked with besides: our own refuse who brings no principal. */
  readonly headersFor?: ((name: string) => Promise<Readonly<Record<string, string>>>) | undefined
  /** Told of a subgraph that did not answer, whose schema of before is taken. */
  readonly onKept?: ((line: string) => void) | undefined
}

const answerWithinMs = 5 * secondMs
const schemaBytesMax = 4 * 1024 * 1024
const question = JSON.stringify({ query: '{ _service { sdl } }' })

/** Rejects with an Error of one line when a subgraph does not tell its schema, and nothing is kept of it. */
export async function fetchSchemas(
  remote: readonly RemoteSchema[],
  options: FetchSchemasOptions = {},
): Promise<FetchedSchemas> {
  const told = await Promise.all(remote.map(async (each) => [each.name, await schemaOf(each, options)] as const))
  return new Map(told)
}

async function schemaOf(remote: RemoteSchema, { keptIn, headersFor, onKept }: FetchSchemasOptions): Promise<string> {
  const file = keptIn === undefined ? undefined : join(keptIn, `${remote.name}.graphql`)
  try {
    const headers = { ...remote.headers, ...(await headersFor?.(remote.name)) }
    const sdl = await fetchSchema(remote.url, headers)
    if (file !== undefined) keep(file, sdl)
    return sdl
  } catch (thrown) {
    const reason = `${remote.url}: the subgraph ${remote.name} does not tell its schema: ${causeOf(thrown)}`
    const kept = file === undefined ? undefined : read(file)
    if (kept === undefined) throw new Error(reason)
    onKept?.(`${reason}; what it told last is taken, from ${file}`)
    return kept
  }
}

async function fetchSchema(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: question,
    signal: AbortSignal.timeout(answerWithinMs),
    redirect: 'error',
  })
  const sdl = sdlIn(await readBounded(answer))
  if (sdl === undefined) throw new Error(`status ${answer.status} without _service { sdl }`)
  return sdl
}

async function readBounded({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > schemaBytesMax) throw new Error(`more than ${schemaBytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function sdlIn(text: string): string | undefined {
  try {
    const sdl: unknown = JSON.parse(text)?.data?._service?.sdl
    return typeof sdl === 'string' ? sdl : undefined
  } catch {
    return undefined
  }
}

/** Whole or not at all: another process may read it. */
function keep(file: string, sdl: string): void {
  if (read(file) === sdl) return
  mkdirSync(join(file, '..'), { recursive: true })
  const unfinished = `${file}.${process.pid}.tmp`
  writeFileSync(unfinished, sdl)
  renameSync(unfinished, file)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** `fetch` says "fetch failed", and why only in its cause. */
const causeOf = (thrown: unknown): string =>
  thrown instanceof Error && thrown.cause !== undefined
    ? `${thrown.message} (${messageOf(thrown.cause)})`
    : messageOf(thrown)
