/** The process as a person runs it: it starts, is killed at any time, and starts again without a manual step. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@latchkey/app/ports'
import { afterEach, expect, it } from 'vitest'
import { builtProgram } from './support/built.ts'
import { ask, bearer, registered, signedIn } from './support/client.ts'
import { patient } from './support/patient.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const program = [builtProgram('latchkey')]
const running = new Set<ChildProcess>()
const folders: string[] = []

afterEach(async () => {
  for (const child of running) {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-start-'))
  folders.push(folder)
  return folder
}

interface Run {
  readonly child: ChildProcess
  readonly said: () => string
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

function run(settings: Readonly<Record<string, string>>): Run {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, LATCHKEY_LOG_LEVEL: 'error', ...patient, ...settings }
  const child = spawn(process.execPath, program, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] })
  running.add(child)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = once(child, 'exit').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  return { child, said: () => said, ended }
}

async function serving(started: Run): Promise<void> {
  const gaveUp = started.ended.then((code) => {
    throw new Error(`ended with ${code}: ${started.said()}`)
  })
  const serves = async () => {
    while (!started.said().includes('Latchkey serves')) await once(started.child.stderr ?? started.child, 'data')
  }
  await Promise.race([serves(), gaveUp])
}

it('keeps accounts, sessions and keys over a restart, also when it was killed', async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const settings = { PORT: String(port), LATCHKEY_DATA_DIR: aFolder() }
  const first = run(settings)
  await serving(first)
  const ada = await signedIn(url, await registered(url))
  first.child.kill('SIGKILL')
  await first.ended

  const second = run(settings)
  await serving(second)
  const { data } = await ask(url, bearer(ada.accessToken), '{ me { email sessions { id } } }')
  expect(data.me).toEqual({ email: ada.email, sessions: [{ id: ada.sessionId }] })
  second.child.kill('SIGINT')
  expect(await second.ended).toBe(0)
})

it('starts again after it was killed at any moment of a start', async () => {
  const settings = { PORT: String(await freePort()), LATCHKEY_DATA_DIR: aFolder() }
  for (const afterMs of [300, 700, 1_000, 1_400, 2_000]) {
    const killed = run(settings)
    const timer = setTimeout(() => killed.child.kill('SIGKILL'), afterMs)
    await killed.ended
    clearTimeout(timer)
  }
  const last = run(settings)
  await serving(last)
  last.child.kill('SIGTERM')
  expect(await last.ended).toBe(0)
})

it.each<[string, Readonly<Record<string, string>>, RegExp]>([
  ['a broken value', { PORT: 'four thousand' }, /^✗ PORT must be/m],
  [
    'an unknown setting',
    { LATCHKEY_LIMIT_DEPHT: '3' },
    /^✗ LATCHKEY_LIMIT_DEPHT is not a setting.*LATCHKEY_LIMIT_DEPTH/m,
  ],
  [
    'a database that is not there',
    { DATABASE_URL: 'postgresql://a:b@127.0.0.1:1/x' },
    /^✗ DATABASE_URL: 127\.0\.0\.1:1/m,
  ],
  ['a Redis that is not there', { REDIS_URL: 'redis://127.0.0.1:1' }, /^✗ REDIS_URL: 127\.0\.0\.1:1/m],
  [
    'production without its settings',
    { NODE_ENV: 'production' },
    /^✗ LATCHKEY_KEYRING_FILE must be set in production/m,
  ],
  ['limits off in production', { NODE_ENV: 'production', LATCHKEY_LIMITS: 'off' }, /^✗ LATCHKEY_LIMITS=off/m],
])('%s is a line that says what to do, and exit code 1', async (_, settings, line) => {
  const refused = run({ LATCHKEY_DATA_DIR: aFolder(), ...settings })
  expect(await refused.ended).toBe(1)
  expect(refused.said()).toMatch(line)
  expect(refused.said()).not.toMatch(/^\s+at /m)
})

it('a taken port is a line that says what to do, and exit code 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const refused = run({ LATCHKEY_DATA_DIR: aFolder(), PORT: String(port) })
  expect(await refused.ended).toBe(1)
  expect(refused.said()).toContain(`✗ Port ${port} is taken.`)
  taken.close()
})
