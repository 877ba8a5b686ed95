import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { anonymous } from '@latchkey/principal'
import { createSealer, envelopeHeader } from '@latchkey/principal/envelope'
import { testDatabase, testRedis } from '@latchkey/prisma/testing'
import { createKeyringFile, openKeyringFile, readKeyringFile, wrapKeyringFile } from '@latchkey/secrets/file'
import { keyManagementOf } from '@latchkey/secrets/kms'
import { openVault } from '@latchkey/secrets/vault.fixture'
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

/** All that it printed has been read by then. */
const exitOf = async (child: ChildProcess) => (await once(child, 'close'))[0]

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

async function aFreePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens
  server.close()
  await once(server, 'close')
  return String(port)
}

it.skipIf(!hasRedis)(
  'waits, alive and not ready, for whoever unwraps its keyring, and goes on without them later',
  async () => {
    const vault = await openVault()
    const own = mkdtempSync(join(tmpdir(), 'latchkey-sessions-'))
    const [wrapped, tokenFile] = [join(own, 'keyring.json'), join(own, 'token')]
    writeFileSync(tokenFile, vault.token)
    const kmsVariables = { LATCHKEY_KMS_URL: vault.url, LATCHKEY_KMS_TOKEN_FILE: tokenFile }
    const kms = keyManagementOf(kmsVariables)
    if (!kms) throw new Error('there is key management')
    createKeyringFile(wrapped, entropy)
    await wrapKeyringFile(wrapped, { entropy, kms })
    const holder = await openKeyringFile(wrapped, { entropy, kms }, clock)
    const database = await testDatabase()
    const port = await aFreePort()
    const statusOf = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`).then(
        ({ status }) => status,
        () => 0,
      )
    vault.manner('sealed')
    const service = start({
      ...{ PORT: port, DATABASE_URL: database.url, REDIS_URL: testRedis()?.url ?? '', LATCHKEY_KEYRING_FILE: wrapped },
      ...{ LATCHKEY_PUBLIC_URL: 'https://id.example.org', LATCHKEY_SUBGRAPH_URLS: 'users=http://127.0.0.1:9' },
      ...kmsVariables,
    })
    try {
      await expect.poll(() => statusOf('/health/live')).toBe(200)
      expect(await statusOf('/health/ready')).toBe(503)
      await expect.poll(service.output).toMatch(/"store":"keyring".*sealed or in maintenance.*waiting for a store/)
      vault.manner('open')
      await expect.poll(() => statusOf('/health/ready')).toBe(200)
      const asked = vault.decryptions()
      await vault.close()
      const seal = createSealer({ issuer: 'gateway', privateKey: holder.signingKey('gateway'), clock })
      const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [envelopeHeader]: await seal(anonymous, 'sessions') },
        body: JSON.stringify({ query: '{ session { id } }' }),
      })
      expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
      expect([vault.decryptions(), service.output().includes(vault.token)]).toEqual([asked, false])
    } finally {
      service.child.kill('SIGKILL')
      await vault.close()
      await database.drop()
      rmSync(own, { recursive: true })
    }
  },
  120_000,
)
