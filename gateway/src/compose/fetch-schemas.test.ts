import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fetchSchemas } from './fetch-schemas.ts'

const sdl = 'type Query { places: [String!] }'
const told = (text: string) => JSON.stringify({ data: { _service: { sdl: text } } })

async function subgraph(answer: RequestListener): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()))
  onTestFinished(async () => {
    server.closeAllConnections()
    if (server.listening) await stop()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, stop }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-schemas-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const remote = (url: string, headers = {}) => [{ name: 'places', url, headers }]

describe('a schema that its subgraph tells', () => {
  it('is asked for as rover asks, with the headers it wants and those of whoever asks', async () => {
    const asked: unknown[] = []
    const { url } = await subgraph((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += chunk))
      request.on('end', () => {
        asked.push([request.method, body, request.headers['x-team'], request.headers['latchkey-principal']])
        response.end(told(sdl))
      })
    })
    const headersFor = async (name: string) => ({ 'latchkey-principal': `sealed for ${name}` })
    expect(await fetchSchemas(remote(url, { 'x-team': 'maps' }), { headersFor })).toEqual(new Map([['places', sdl]]))
    expect(asked).toEqual([['POST', '{"query":"{ _service { sdl } }"}', 'maps', 'sealed for places']])
  })

  it('is kept, and taken when the subgraph is gone, which is said', async () => {
    const keptIn = temporaryFolder()
    const { url, stop } = await subgraph((_, response) => response.end(told(sdl)))
    await fetchSchemas(remote(url), { keptIn })
    expect(readdirSync(keptIn)).toEqual(['places.graphql'])
    await stop()
    const lines: string[] = []
    const again = await fetchSchemas(remote(url), { keptIn, onKept: (line) => lines.push(line) })
    expect(again.get('places')).toBe(sdl)
    expect(lines).toEqual([
      expect.stringMatching(/the subgraph places does not tell its schema: .*; what it told last is taken/),
    ])
  })

  it.each<[string, RequestListener]>([
    ['an error', (_, response) => response.writeHead(401).end('{"errors":[{"message":"no"}]}')],
    ['no JSON', (_, response) => response.end('<html>')],
    ['something else', (_, response) => response.end('{"data":{"_service":{"sdl":7}}}')],
    ['another address', (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end()],
    [
      'half an answer',
      (_, response) => response.writeHead(200, { 'content-length': '100' }).write('{"data":', () => response.destroy()),
    ],
    ['more than a schema', (_, response) => response.end(told('x'.repeat(5 * 1024 * 1024)))],
  ])('is none when it answers %s, in one line that names the subgraph', async (_, answer) => {
    const { url } = await subgraph(answer)
    await expect(fetchSchemas(remote(url))).rejects.toThrow(
      /^http:.*: the subgraph places does not tell its schema: [^\n]+$/,
    )
  })

  it('does not take the place of one that is kept unless it is one', async () => {
    const keptIn = temporaryFolder()
    let answer = told(sdl)
    const { url } = await subgraph((_, response) => response.end(answer))
    await fetchSchemas(remote(url), { keptIn })
    answer = '{}'
    expect((await fetchSchemas(remote(url), { keptIn })).get('places')).toBe(sdl)
    answer = told('type Query { nowhere: Int }')
    expect((await fetchSchemas(remote(url), { keptIn })).get('places')).toBe('type Query { nowhere: Int }')
  })
})
