/** The system under measurement: real processes on real stores, with people who are signed in and keys that work. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { UserPrincipal } from '@latchkey/principal'

export type Topology = 'embedded' | 'distributed'

export interface Caller {
  readonly userId: string
  /** As the gateway would seal it. */
  readonly principal: UserPrincipal
  readonly accessToken: string
  readonly apiKey: string
}

export interface System {
  readonly url: string
  /** The processes of the gateway and the subgraphs, without the stores. */
  readonly pids: readonly number[]
  readonly callers: readonly Caller[]
  /** Empty when embedded. */
  readonly subgraphUrls: Readonly<Record<string, string>>
  readonly subgraphPids: readonly number[]
  readonly supergraphSdl: string
  readonly dataDir: string
  stop(): Promise<void>
}

const programs = { embedded: 'dist/latchkey.mjs', distributed: 'dist/distributed.mjs' }
const inRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const patienceMs = 60_000
export const callersMax = 64

export const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

/** Every child of a process, and theirs, that runs Node: not the stores. */
function nodeProcessesUnder(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
  const nodes = children.filter((child) => readFileSync(`/proc/${child}/comm`, 'utf8').startsWith('node'))
  return [pid, ...nodes.flatMap(nodeProcessesUnder)]
}

const commandLineOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8')

/** Keeps what the system says, and passes it on when it fails. */
function listenTo(child: ChildProcess): () => string {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  child.once('exit', (code) => code && process.stderr.write(said))
  return () => said
}

/** From the line that lists the processes: `users http://127.0.0.1:40001, …`. */
const subgraphUrlsIn = (said: string): Record<string, string> =>
  Object.fromEntries(
    [...said.matchAll(/([\w-]+) (http:\/\/[\d.]+:\d+)(?=,|\s|$)/g)].map(([, name, url]) => [name, `${url}/graphql`]),
  )

/** The last thing a start says is where it serves. */
async function untilServing(child: ChildProcess, said: () => string): Promise<void> {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 100) {
    if (child.exitCode !== null) throw new Error(`the system ended with exit code ${child.exitCode}`)
    if (said().includes('Latchkey serves')) return
    await pause(100)
  }
  throw new Error('the system did not become ready')
}

/** Starts a topology on stores of its own, and signs people in. */
export async function startSystem(
  topology: Topology,
  settings: Readonly<Record<string, string>> = {},
): Promise<System> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const port = await freePort()
  const child = spawn(process.execPath, [inRoot(programs[topology])], {
    env: {
      PATH: process.env.PATH,
      // As the launcher gives it to the bench, it gives it to `npm start`. The floors have it too.
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      PORT: String(port),
      LATCHKEY_DATA_DIR: dataDir,
      LATCHKEY_LIMITS: 'off',
      LATCHKEY_LOG_LEVEL: 'error',
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = listenTo(child)
  async function stop(): Promise<void> {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
    rmSync(dataDir, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  const callers: Caller[] = []
  try {
    await untilServing(child, said)
    for (let number = 0; number < callersMax; number++) callers.push(await signUp(url, number))
  } catch (fault) {
    await stop()
    throw fault
  }
  const pids = nodeProcessesUnder(child.pid ?? 0)
  const subgraphUrls = subgraphUrlsIn(said())
  return {
    url: `${url}/graphql`,
    pids,
    callers,
    subgraphUrls,
    subgraphPids: pids.filter((pid) => /dist\/(users|sessions|api-keys)\.mjs/.test(commandLineOf(pid))),
    supergraphSdl: readFileSync(inRoot('supergraph.graphql'), 'utf8'),
    dataDir,
    stop,
  }
}

async function ask<Data>(
  url: string,
  query: string,
  variables: object,
  headers: Record<string, string> = {},
): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown }
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

async function tokenFor(url: string, email: string): Promise<string> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 20) {
    const answer = await fetch(`${url}/dev/mail?to=${email}`, { headers: { accept: 'application/json' } })
    const mails = (await answer.json()) as { text: string }[]
    const token = /token=([\w.~-]+)/.exec(mails.at(-1)?.text ?? '')?.[1]
    if (token) return token
    await pause(20)
  }
  throw new Error(`no mail to ${email}`)
}

interface SignedIn {
  readonly signIn: { accessToken: string; session: { id: string }; user: { id: string } }
}

const principalOf = (userId: string, sessionId: string): UserPrincipal => ({
  kind: 'user',
  userId,
  sessionId,
  roles: ['user'],
  scopes: ['profile:read', 'profile:write', 'sessions:read', 'sessions:write', 'keys:read', 'keys:write'],
  amr: ['pwd'],
  acr: 'aal1',
  authTime: 0,
})

/** Everybody's. */
export const password = 'correct horse battery staple'

export const register = (url: string, email: string): Promise<unknown> =>
  ask(url, 'mutation ($input: RegisterInput!) { register(input: $input) { outcome } }', {
    input: { email, password, displayName: 'Somebody' },
  })

export async function verify(url: string, email: string): Promise<void> {
  const token = await tokenFor(url, email)
  await ask(url, 'mutation ($token: String!) { verifyEmail(input: { token: $token }) { outcome } }', { token })
}

async function signUp(url: string, number: number): Promise<Caller> {
  const email = `caller${number}@example.com`
  await register(url, email)
  await verify(url, email)
  const signIn =
    'mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { accessToken session { id } user { id } } } }'
  const signedIn = (await ask<SignedIn>(url, signIn, { input: { email, password } })).signIn
  const { accessToken, session, user } = signedIn
  const createKey = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }'
  const input = { name: 'bench', scopes: ['profile:read', 'sessions:read', 'keys:read'] }
  const key = await ask<{ createApiKey: { secret: string } }>(
    url,
    createKey,
    { input },
    { authorization: `Bearer ${accessToken}` },
  )
  const principal = principalOf(user.id, session.id)
  return { userId: user.id, principal, accessToken, apiKey: key.createApiKey.secret }
}
