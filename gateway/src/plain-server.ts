/** A federation gateway over HTTP and nothing more: no caller is known, nothing is forbidden. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { anonymous } from '@latchkey/principal'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import { type ExecutionResult, GraphQLError, parse, validate } from 'graphql'
import type { Engine, PreparedOperation } from './execute/engine.ts'

const bodyBytesMax = 2 * 1024 * 1024
const documentsMax = 1_000
const graphqlType = 'application/graphql-response+json'

/** `POST /graphql` (GraphQL over HTTP) and `GET /health`. Not yet listening. */
export function createPlainServer(engine: Engine): Server {
  const prepare = preparing(engine)
  return createServer((request, response) => {
    const path = request.url?.split('?')[0]
    if (path === '/health' && request.method === 'GET') return send(response, 200, 'application/json', { status: 'ok' })
    if (path !== '/graphql') return refuse(response, 404, 'There is nothing here but /graphql and /health.')
    if (request.method !== 'POST') return refuse(response, 405, 'Operations are sent by POST.', { allow: 'POST' })
    serve(engine, prepare, request, response).catch(() => {
      if (!response.headersSent) refuse(response, 500, 'Something went wrong on our side.')
    })
  })
}

type Prepare = (query: string, operationName: string | undefined) => PreparedOperation | readonly GraphQLError[]

/** Parses, validates and prepares an operation once; what is refused is not kept. */
function preparing(engine: Engine): Prepare {
  const kept = createBoundedCache<PreparedOperation>({ entriesMax: documentsMax })
  return (query, operationName) => {
    const key = `${operationName ?? ''}\n${query}`
    const known = kept.find(key)
    if (known) return known
    try {
      const document = parse(query)
      const faults = validate(engine.schema, document)
      if (faults.length > 0) return faults
      const operation = engine.prepare(document, operationName)
      if (operation.subscribed) return [new GraphQLError('Subscriptions are not supported.')]
      kept.keep(key, operation)
      return operation
    } catch (thrown) {
      if (thrown instanceof GraphQLError) return [thrown]
      throw thrown
    }
  }
}

interface GraphqlRequest {
  readonly query: string
  readonly variables: Record<string, unknown>
  readonly operationName: string | undefined
}

async function serve(engine: Engine, prepare: Prepare, request: IncomingMessage, response: ServerResponse) {
  if (!/^application\/(graphql\+)?json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    return refuse(response, 415, 'Operations are sent as application/json.')
  const body = await readBody(request)
  if (body === undefined) return refuse(response, 413, 'The body is larger than 2 MB.', { connection: 'close' })
  const asked = readRequest(body)
  if (typeof asked === 'string') return refuse(response, 400, asked)
  const type = request.headers.accept?.includes(graphqlType) ? graphqlType : 'application/json'
  const left = new AbortController()
  response.once('close', () => left.abort())
  const result = await answer(engine, prepare, asked, left.signal)
  // By application/json a client is told of a refused operation in the body alone (GraphQL over HTTP, 6.4.1).
  return send(response, 'data' in result || type !== graphqlType ? 200 : 400, type, result)
}

async function answer(
  engine: Engine,
  prepare: Prepare,
  { query, variables, operationName }: GraphqlRequest,
  signal: AbortSignal,
): Promise<ExecutionResult> {
  const operation = prepare(query, operationName)
  if ('variantFor' in operation)
    return engine.run(operation, { variables, principal: anonymous, requestId: crypto.randomUUID(), signal })
  return { errors: operation }
}

/** A message for the client when the body is no GraphQL request. */
function readRequest(body: string): GraphqlRequest | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return 'The body is not JSON.'
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'The body is not a JSON object.'
  const { query, variables, operationName } = parsed as Record<string, unknown> // an object, and not a list
  if (typeof query !== 'string') return 'The body has no `query`.'
  if (typeof (operationName ?? '') !== 'string') return '`operationName` is not a string.'
  if (typeof (variables ?? {}) !== 'object' || Array.isArray(variables)) return '`variables` is not an object.'
  return {
    query,
    variables: (variables ?? {}) as Record<string, unknown>, // judged above
    operationName: (operationName ?? undefined) as string | undefined, // judged above
  }
}

/** `undefined` when there is more than allowed. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  send(response, status, 'application/json', { errors: [{ message }] }, headers)
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  content: object,
  headers: Record<string, string> = {},
): void {
  const body = Buffer.from(JSON.stringify(content))
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': body.length, ...headers })
  response.end(body)
}
