import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { anonymous } from '@latchkey/principal'
import { createSealer, envelopeHeader } from '@latchkey/principal/envelope'
import { testDatabase, testRedis } from '@latchkey/prisma/testing'
import { createKeyringFile, readKeyringFile } from '@latchkey/secrets/file'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasRedis } from './redis.fixture.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'latchkey-sessions-'))
const keyringFile = join(folder, 'keyring.json')

function start(environment: Readonly<Record<string, string>>) {
  const args = ['--import', 'tsx', '--conditions=@latchkey/source', main]
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH ?? '', ...environment } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)))
  return { child, output: () => output }
}

const exitOf = async (child: ChildProcess) => child.exitCode ?? (await once(child, 'exit'))[0]

async function urlOf({ child, output }: ReturnType<typeof start>): Promise<string> {
  for await (const _ of child.stdout ?? []) {
    const [, url] = /"url":"(http:[^"]+)"/.exec(output()) ?? []
    if (url) return url
  }
  throw new Error(`it did not serve: ${output()}`)
}

it('ends at once with one line when the configuration is wrong', async () => {
  const { child, output } = start({ PORT: 'many' })
  expect(await exitOf(child)).toBe(1)
  expect(output()).toMatch(/^sessions cannot start: .*PORT.*DATABASE_URL.*LATCHKEY_KEYRING_FILE.*\n$/)
})

describe.skipIf(!hasRedis)('as a process of its own', () => {
  let drop: () => Promise<void>
  let service: ReturnType<typeof start>
  beforeEach(async () => {
    const database = await testDatabase()
    drop = database.drop
    createKeyringFile(keyringFile, entropy)
    service = start({
      ...{
        PORT: '0',
        DATABASE_URL: database.url,
        REDIS_URL: testRedis()?.url ?? '',
        LATCHKEY_KEYRING_FILE: keyringFile,
      },
      ...{ LATCHKEY_PUBLIC_URL: 'https://id.example.org', LATCHKEY_SUBGRAPH_URLS: 'users=http://127.0.0.1:9' },
    })
  })
  afterEach(async () => {
    service.child.kill('SIGKILL')
    await drop()
    rmSync(folder, { recursive: true })
  })

  it('shows its keys to anyone, answers the gateway alone, and drains when told to end', async () => {
    const url = await urlOf(service)
    const ask = async (headers: Record<string, string> = {}) => {
      const body = JSON.stringify({ query: '{ session { id } }' })
      return fetch(`${url}/graphql`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      })
    }
    const sealedBy = async (service: 'gateway' | 'users') => {
      const privateKey = readKeyringFile(keyringFile, entropy).signingKey(service)
      return { [envelopeHeader]: await createSealer({ issuer: service, privateKey, clock })(anonymous, 'sessions') }
    }

    const published: unknown = await (await fetch(`${url}/.well-known/jwks.json`)).json()
    expect(published).toMatchObject({ keys: [{ kty: 'OKP', alg: 'EdDSA' }] })
    expect((await fetch(`${url}/health/ready`)).status).toBe(200)
    expect((await ask()).status).toBe(401)
    expect((await ask(await sealedBy('users'))).status).toBe(401)
    const answer: unknown = await (await ask(await sealedBy('gateway'))).json()
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })

    service.child.kill('SIGTERM')
    expect(await exitOf(service.child)).toBe(0)
  })
})
