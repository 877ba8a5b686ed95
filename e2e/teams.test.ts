/** Other teams: what the page for them says, done from top to bottom; and three subgraphs of theirs in one graph. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '@latchkey/app/ports'
import { composeSupergraph, readSupergraphConfig } from '@latchkey/gateway/compose'
import { testRedis } from '@latchkey/prisma/testing'
import { checkContract, type Report } from '@latchkey/subgraph/contract'
import { guardReference, signedIn as someone } from '@latchkey/subgraph/guard'
import { createSubgraphServer } from '@latchkey/subgraph/server'
import { silentLogger } from '@latchkey/telemetry'
import { composeServices } from '@theguild/federation-composition'
import { parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtProgram } from './support/built.ts'
import { aKey, ask, bearer, codesOf, registered, signedIn } from './support/client.ts'
import { startTopology, type Topology } from './support/topology.ts'

const inRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const running = new Set<ChildProcess>()

/** Ends a program with all that it started. */
async function end(child: ChildProcess): Promise<void> {
  running.delete(child)
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  process.kill(-child.pid, 'SIGTERM')
  await ended
}

function start(command: string, args: readonly string[], options: { cwd?: string; env: NodeJS.ProcessEnv }) {
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
  return { child, said: () => said }
}

afterAll(() => Promise.all([...running].map(end)))

const page = readFileSync(inRoot('docs/subgraphs/README.md'), 'utf8')

interface Block {
  readonly kind: string
  readonly file: string
  readonly text: string
}

const blocks: readonly Block[] = [...page.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```/gm)].map(
  ([, kind = '', file = '', text = '']) => ({ kind, file, text }),
)

/** The page as a script: its commands are run and its files written, in its order. */
const script = blocks
  .flatMap(({ kind, file, text }) => {
    if (file !== '') return [`cat > ${file} <<'END_OF_FILE'\n${text}END_OF_FILE`]
    return kind === 'sh' ? [text] : []
  })
  .join('\n')

const blockOf = (kind: string) => blocks.find((block) => block.kind === kind && block.file === '')?.text ?? ''

/** A home with the repository in it, and an `npm` that does without a registry. */
function aHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'latchkey-team-'))
  symlinkSync(inRoot('.'), join(home, 'latchkey'))
  mkdirSync(join(home, 'bin'))
  copyFileSync(inRoot('e2e/support/npm-from-workspace.mjs'), join(home, 'bin', 'npm'))
  chmodSync(join(home, 'bin', 'npm'), 0o755)
  return home
}

describe.skipIf(!testRedis())('another team’s day', () => {
  let home: string
  beforeAll(() => {
    home = aHome()
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  it('goes as the page for them says, from an empty folder to fields of their own on User', async () => {
    const port = await freePort(2)
    const own = port + 1
    const local = script.replaceAll('4000', String(port)).replaceAll('4007', String(own))
    const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()
    const env = {
      PATH: [join(home, 'bin'), process.env.PATH].join(delimiter),
      HOME: home,
      PORT: String(port),
      LATCHKEY_DATA_DIR: join(home, 'data'),
      npm_config_update_notifier: 'false',
      LATCHKEY_TEST_NPM: npm,
      LATCHKEY_TEST_PACKAGES: inRoot('node_modules'),
    }
    const startedMs = performance.now()
    const { child, said } = start('sh', ['-ec', `${local}\nwait`], { cwd: home, env })
    while (!said().includes('Latchkey serves')) {
      if (child.exitCode !== null) throw new Error(said())
      await pause(50)
    }
    expect(said()).toContain('held, 0 broken.')
    const gateway = `http://localhost:${port}`
    const ada = await signedIn(gateway, await registered(gateway))
    const mine = await ask(gateway, bearer(ada.accessToken), blockOf('graphql'))
    expect(mine.errors).toEqual([])
    expect({ data: mine.data }).toEqual(JSON.parse(blockOf('json').replace('usr_…', ada.userId)))
    expect(codesOf(await ask(gateway, {}, blockOf('graphql')))).toEqual(['UNAUTHENTICATED'])
    console.log(`another team’s day took ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`)
    await end(child)
  })
})

const hasPython = spawnSync('python3', ['--version']).status === 0
const pythons = hasPython ? ['places'] : []
const examples = ['orders', 'billing', ...pythons]

/** It reads what it was never granted. */
const gossip = {
  ...{ name: 'gossip', url: 'http://localhost:4008/graphql', file: 'gossip.graphql' },
  sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires", "@requiresScopes"])
type User @key(fields: "id") {
  id: ID!
  email: String @external
  gossip: String
    @requires(fields: "email")
    @requiresScopes(scopes: [["profile:read"], ["users:read"]])
}`,
}
const withGossip = () => [...readSupergraphConfig(inRoot('examples/supergraph.yaml')).subgraphs, gossip]

/** By something that asks no owner. */
function composedElsewhere(): string {
  const services = withGossip().map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }))
  const { supergraphSdl, errors } = composeServices(services)
  if (supergraphSdl === undefined) throw new Error(errors?.map(({ message }) => message).join('\n'))
  return supergraphSdl
}

describe.skipIf(!testRedis() || !hasPython)('three subgraphs of other teams, one of them in Python', () => {
  let house: Topology
  let urls: Readonly<Record<string, string>>
  let folder: string
  const heard: unknown[] = []
  let closeGossip: () => Promise<void>
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-examples-'))
    const supergraph = join(folder, 'supergraph.graphql')
    writeFileSync(supergraph, composedElsewhere())
    const first = await freePort(examples.length + 1)
    const portOf = (name: string) => first + examples.indexOf(name)
    urls = Object.fromEntries(examples.map((name) => [name, `http://127.0.0.1:${portOf(name)}/graphql`]))
    house = await startTopology('embedded', {
      settings: {
        LATCHKEY_SUPERGRAPH_FILE: supergraph,
        LATCHKEY_SUBGRAPH_URLS: [
          ...examples.map((name) => `${name}=${urls[name]}`),
          `gossip=http://127.0.0.1:${first + examples.length}/graphql`,
        ].join(','),
      },
    })
    const jwksUrl = `${house.gateways[0]}/.well-known/principal-jwks.json`
    const server = createSubgraphServer({
      ...{ name: 'gossip', typeDefs: gossip.sdl, trust: { jwksUrl }, logger: silentLogger },
      rules: { User: someone },
      resolvers: {
        User: {
          __resolveReference: guardReference<{ id: string }>(someone, (user) => user),
          gossip: ({ email }: { email: string }) => `mails reach ${heard[heard.push(email) - 1]}`,
        },
      },
    })
    closeGossip = server.close
    await server.listen({ port: first + examples.length })
    for (const name of examples) {
      const [command, program] = pythons.includes(name)
        ? ['python3', inRoot(`examples/${name}/${name}.py`)]
        : [process.execPath, builtProgram(name)]
      const settings = { PORT: String(portOf(name)), LATCHKEY_JWKS_URL: jwksUrl, LATCHKEY_ED25519: 'pure' }
      const { child, said } = start(command, [program], { env: { PATH: process.env.PATH, ...settings } })
      while (!said().includes('serving')) {
        if (child.exitCode !== null) throw new Error(said())
        await pause(20)
      }
    }
  })
  afterAll(async () => {
    await closeGossip?.()
    await house?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('extend User, Session and ApiKey in one answer, for whoever holds their scopes', async () => {
    const [gateway] = house.gateways
    const ada = await signedIn(gateway)
    await aKey(gateway, ada, ['profile:read', 'keys:read'])
    const query = '{ me { orders { item } sessions { id place } apiKeys { id cost } } }'
    const { data, errors } = await ask(gateway, bearer(ada.accessToken), query)
    expect(errors).toEqual([])
    expect(data.me).toEqual({
      orders: [{ item: expect.any(String) }, { item: expect.any(String) }],
      sessions: [{ id: ada.sessionId, place: expect.any(String) }],
      apiKeys: [{ id: expect.any(String), cost: expect.any(Number) }],
    })
  })

  it('refuse a key without their scopes at the gateway, before they are asked', async () => {
    const [gateway] = house.gateways
    const { secret } = await aKey(gateway, await signedIn(gateway), ['profile:read', 'keys:read'])
    const asked = await ask(gateway, { 'x-api-key': secret }, '{ me { apiKeys { cost } } }')
    expect(codesOf(asked)).toEqual(['FORBIDDEN'])
  })

  it('compose, and a fourth does not that has a field of others fetched for itself without a grant', () => {
    const [, ...ours] = withGossip().reverse()
    expect(composeSupergraph({ subgraphs: ours })).toHaveProperty('sdl')
    expect(composeSupergraph({ subgraphs: withGossip() })).toEqual({
      errors: [
        expect.stringMatching(
          /^gossip\.graphql:6:5: gossip reads User\.email \(@requires\), and users does not grant it\. See .*users\/schema\.graphql:\d+:3/,
        ),
      ],
    })
  })

  it('are kept from such a field at run time, too: only who asks for it themselves has it fetched', async () => {
    const [gateway] = house.gateways
    const ada = await signedIn(gateway)
    const sly = await ask(gateway, bearer(ada.accessToken), '{ me { id gossip } }')
    expect([codesOf(sly), heard]).toEqual([['FORBIDDEN'], [null]])
    expect(sly.data.me).toEqual({ id: ada.userId, gossip: 'mails reach null' })
    const open = await ask(gateway, bearer(ada.accessToken), '{ me { email gossip } }')
    expect([open.data.me, open.errors]).toEqual([{ email: ada.email, gossip: `mails reach ${ada.email}` }, []])
  })

  it('hold to the contract, each of them', async () => {
    const privateKey = house.secrets.signingKey('gateway')
    const cards = examples.map(async (audience) => {
      const reports: Report[] = []
      const target = { url: urls[audience] ?? '', audience, privateKey, leewayS: 2 }
      for await (const report of checkContract(target)) reports.push(report)
      return reports.filter(({ broken }) => broken !== null)
    })
    expect(await Promise.all(cards)).toEqual(examples.map(() => []))
  })
})
