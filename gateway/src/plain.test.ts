/** The plain gateway as a user meets it: a process of its own, over HTTP, in front of subgraphs over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compose } from './execute/federation.contract.ts'

const entry = fileURLToPath(new URL('plain.ts', import.meta.url))
const runtime = ['--conditions=@latchkey/source', '--import', 'tsx', entry]
const folder = mkdtempSync(join(tmpdir(), 'plain-gateway-'))
const children: ChildProcess[] = []
const subgraphs: Server[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => {
  for (const server of subgraphs) server.close()
  rmSync(folder, { recursive: true })
})

function supergraphFile(name: string, sdl: string): string {
  const path = join(folder, name)
  writeFileSync(path, sdl)
  return path
}

async function subgraph(data: object): Promise<string> {
  const server = createServer((request, response) => {
    request
      .resume()
      .on('end', () => response.setHeader('content-type', 'application/json').end(JSON.stringify({ data })))
  })
  subgraphs.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql` // listening on a port
}

function start(args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  const child = spawn(process.execPath, [...runtime, ...args], { stdio: [stdin, 'pipe', 'pipe'] })
  children.push(child)
  return child
}

async function ended(child: ChildProcess): Promise<{ code: number | null; error: string }> {
  let error = ''
  child.stderr?.on('data', (text) => {
    error += text
  })
  const [code] = await once(child, 'close')
  return { code, error }
}

async function urlOf(child: ChildProcess): Promise<string> {
  const [line] = await once(child.stdout as NodeJS.EventEmitter, 'data') // spawned with a pipe
  return /http:\S+/.exec(String(line))?.[0] ?? String(line)
}

describe('the plain gateway', () => {
  const schemas = {
    a: 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String }',
    b: 'type User @key(fields: "id") { id: ID! age: Int }',
  }
  let file = ''
  beforeAll(async () => {
    const urls = {
      a: await subgraph({ me: { __typename: 'User', id: '1', name: 'Ada' } }),
      b: await subgraph({ _entities: [{ age: 36 }] }),
    }
    const sdl = compose(schemas).replace('http://a.test/graphql', urls.a).replace('http://b.test/graphql', urls.b)
    file = supergraphFile('ok.graphql', sdl)
  })
  const arguments_ = () => ['--supergraph', file, '--port', '0', '--without-identity']

  it('answers over HTTP, and says what it does not take', async () => {
    const url = await urlOf(start(arguments_()))
    const post = (body: string, headers: Record<string, string> = {}) =>
      fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
    const strict = { accept: 'application/graphql-response+json' }
    const query = '{ me { age name } }'
    const good = await post(JSON.stringify({ query, variables: null, operationName: null }))
    expect(good.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await good.text()).toBe('{"data":{"me":{"age":36,"name":"Ada"}}}')
    const typed = await post(JSON.stringify({ query }), strict)
    expect([typed.status, typed.headers.get('content-type')]).toEqual([
      200,
      'application/graphql-response+json; charset=utf-8',
    ])
    const wrong = JSON.stringify({ query: '{ none }' })
    expect((await post(wrong, strict)).status).toBe(400)
    expect((await post(wrong)).status).toBe(200)
    expect((await post('{')).status).toBe(400)
    expect((await post('[]')).status).toBe(400)
    expect((await post('{"query":1}')).status).toBe(400)
    expect((await post(query, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post(JSON.stringify({ query: ' '.repeat(2_100_000) }))).status).toBe(413)
    expect((await fetch(url)).status).toBe(405)
    expect(await (await fetch(new URL('/health', url))).json()).toEqual({ status: 'ok' })
    expect((await fetch(new URL('/other', url))).status).toBe(404)
  })

  it.each([
    ['without the flag', () => ['--supergraph', file], /This gateway knows no caller.*--without-identity/],
    ['without a supergraph', () => ['--without-identity'], /Say which supergraph to serve/],
    ['with a port that is none', () => [...arguments_(), '--port', 'x'], /--port takes a number/],
    [
      'with a file that is not there',
      () => ['--supergraph', '/nowhere', '--without-identity'],
      /cannot be read: \/nowhere/,
    ],
    ['with an option that it does not know', () => ['--nonsense'], /--nonsense/],
    [
      'with a schema that is no supergraph',
      () => ['--supergraph', supergraphFile('plain.graphql', 'type Query { a: Int }'), '--without-identity'],
      /not a supergraph/,
    ],
  ])('ends with one line %s', async (_, args, line) => {
    const { code, error } = await ended(start(args()))
    expect(code).toBe(1)
    expect(error).toMatch(line)
    expect(error.trim().split('\n')).toHaveLength(1)
  })

  it.each(['@authenticated', '@requiresScopes(scopes: [["a"]])', '@policy(policies: [["p"]])'])(
    'refuses a supergraph that restricts access by %s',
    async (directive) => {
      const name = directive.split('(')[0] ?? ''
      const sdl = compose({
        a: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["${name}"])
          type Query { secret: Int ${directive} }`,
      })
      const path = supergraphFile('restricted.graphql', sdl)
      const { code, error } = await ended(start(['--supergraph', path, '--without-identity']))
      expect(code).toBe(1)
      expect(error).toContain(`restricts access (${name})`)
    },
  )

  it('ends when its standard input, a pipe, is closed', async () => {
    const child = start(arguments_(), 'pipe')
    await urlOf(child)
    child.stdin?.end()
    expect((await ended(child)).code).toBe(0)
  })

  it('ends when the process that started it is killed', async () => {
    const launcher = `const child = require('node:child_process').spawn(process.execPath, ${JSON.stringify([...runtime, ...arguments_()])},
      { stdio: ['ignore', 'inherit', 'inherit'] }); setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['-e', launcher], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(parent)
    const url = await urlOf(parent)
    expect((await fetch(new URL('/health', url))).status).toBe(200)
    // Its end of the pipe is held by the gateway alone once the launcher is dead.
    const closed = once(parent, 'close')
    parent.kill('SIGKILL')
    await closed
    await expect(fetch(new URL('/health', url))).rejects.toThrow()
  })
})
