/** Another supergraph takes the place of the one that is served, under load: nobody is turned away, and a broken one changes nothing. */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AllTheWhile, askAllTheWhile } from './support/all-the-while.ts'
import { aKey, apiKey, ask, bearer, codesOf, nobody, type SignedIn, signedIn } from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const schemaOf = (path: string) => fileURLToPath(new URL(`../${path}/schema.graphql`, import.meta.url))

const links = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@requiresScopes", "@composeDirective"])
  @link(url: "https://latchkey.dev/scope/v1.0", import: ["@scope"])
  @composeDirective(name: "@scope")
directive @scope(name: String!, description: String!, roles: [String!]! = []) repeatable on OBJECT
`
const notices = `${links}
type Query {
  notice: Notice
  noticeFor: String @requiresScopes(scopes: [["notices:read"]])
}
type Notice @scope(name: "notices:read", description: "See what is new.", roles: ["user"]) { text: String }`

/** Another team's subgraph, in its simplest form: it knows nothing of callers. */
async function serveNotices() {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push(body)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ data: { notice: { text: 'We have moved.' }, noticeFor: 'you' } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/graphql`, asked, close: () => server.close() }
}

inEveryTopology((name) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-reload-'))
  const config = join(folder, 'supergraph.yaml')
  const noticesFile = join(folder, 'notices.graphql')
  const whole = {
    users: 'subgraphs/users',
    sessions: 'subgraphs/sessions',
    'api-keys': 'subgraphs/api-keys',
    gateway: 'gateway',
  }
  const put = (file: string, text: string) => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  const compose = (more: Readonly<Record<string, string>> = {}) => {
    const entries = Object.entries({ ...whole, orders: 'examples/orders' }).map(
      ([each, path]) => `  ${each}: { routing_url: "http://127.0.0.1:9/graphql", schema: { file: ${schemaOf(path)} } }`,
    )
    const others = Object.entries(more).map(
      ([each, url]) => `  ${each}: { routing_url: "${url}", schema: { file: ./${each}.graphql } }`,
    )
    put(config, `subgraphs:\n${[...entries, ...others].join('\n')}\n`)
  }

  let house: Topology
  let ada: SignedIn
  let secret: string
  let other: Awaited<ReturnType<typeof serveNotices>>
  let load: AllTheWhile
  beforeAll(async () => {
    compose()
    other = await serveNotices()
    house = await startTopology(name, { settings: { LATCHKEY_SUPERGRAPH_CONFIG: config, LATCHKEY_LIMITS: 'off' } })
    ada = await signedIn(house.gateways[0])
    secret = (await aKey(house.gateways[0], ada, ['profile:read', 'orders:read'])).secret
    load = askAllTheWhile(house.gateways, [secret, secret], '{ me { id orders { item } } }')
  })
  afterAll(async () => {
    await load?.stop(0)
    await house?.stop()
    other?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const atEach = async (query: string, credential = nobody) =>
    Promise.all(house.gateways.map(async (gateway) => ask(gateway, credential, query)))
  const saidByEach = async (query: string, credential = nobody) =>
    (await atEach(query, credential)).map((answer) => codesOf(answer)[0] ?? answer.data)
  const linesThat = (text: string) =>
    house
      .logged()
      .split('\n')
      .filter((line) => line.includes(text)).length

  it('a good one answers its new field at every gateway, and takes along the scopes that it declares', async () => {
    await load.goOn(50)
    const news = '{ notice { text } }'
    expect(await saidByEach(news)).toEqual(['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_VALIDATION_FAILED'])
    put(noticesFile, notices)
    compose({ notices: other.url })
    const served = { notice: { text: 'We have moved.' } }
    await expect.poll(() => saidByEach(news)).toEqual([served, served])
    const forAda = () => saidByEach('{ noticeFor }', bearer(ada.accessToken))
    await expect.poll(forAda).toEqual([{ noticeFor: 'you' }, { noticeFor: 'you' }])
    const key = await aKey(house.gateways[1], ada, ['notices:read'])
    expect(await saidByEach('{ noticeFor }', apiKey(key.secret))).toEqual([{ noticeFor: 'you' }, { noticeFor: 'you' }])
    await load.goOn(50)
  })

  it('a broken schema of one subgraph changes nothing, and the log names file, line and column', async () => {
    put(noticesFile, notices.replace('noticeFor: String', 'noticeFor String'))
    const place = `${noticesFile}:9:13: Syntax Error`
    await expect.poll(() => linesThat(place)).toBe(2)
    expect(await saidByEach('{ notice { text } }')).toHaveLength(2)
    put(noticesFile, notices.replace('notice: Notice', 'notice: Notices'))
    await expect.poll(() => linesThat(`${noticesFile}:8:`)).toBe(2)
    await load.goOn(50)
    const served = { notice: { text: 'We have moved.' } }
    expect(await saidByEach('{ notice { text } }')).toEqual([served, served])
  })

  it('a rule that nobody enforces is refused with its place, rather than served without it', async () => {
    const strange = '@link(url: "https://latchkey.dev/requiresAssurance/v9.9")'
    put(noticesFile, notices.replace('  @composeDirective', `  ${strange} @composeDirective`))
    await expect.poll(() => linesThat(`${noticesFile}:4:`)).toBe(2)
    await load.goOn(20)
  })

  it('a mended one is taken, a subgraph that left is left alone, and not one request has failed all the while', async () => {
    compose()
    const news = '{ notice { text } }'
    const gone = ['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_VALIDATION_FAILED']
    await expect.poll(() => saidByEach(news)).toEqual(gone)
    await load.goOn(50)
    const { askedAfter, refusedAfter } = await load.stop(0)
    console.info(`${name}: ${askedAfter} requests under load, ${refusedAfter.length} failed`)
    expect(askedAfter).toBeGreaterThan(200)
    expect(refusedAfter).toEqual([])
  })
})
