import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { anonymous } from '@latchkey/principal'
import { createSealer, envelopeHeader } from '@latchkey/principal/envelope'
import { type TestDatabase, testDatabase, testRedis } from '@latchkey/prisma/testing'
import { createKeyringFile, readKeyringFile } from '@latchkey/secrets/file'
import { httpTransport } from '@latchkey/subgraph/over-http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { until } from './application.fixture.ts'

const redis = testRedis()

describe.skipIf(!redis)('Users as a process of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'users-'))
  const keyringFile = join(folder, 'keyring.json')
  const running: ChildProcess[] = []
  let database: TestDatabase

  beforeAll(async () => {
    database = await testDatabase()
    createKeyringFile(keyringFile, entropy)
  })
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL')
  })
  afterAll(async () => {
    await database.drop()
    rmSync(folder, { recursive: true })
  })

  function spawnUsers(environment: Record<string, string> = {}): ChildProcess {
    const main = fileURLToPath(new URL('main.ts', import.meta.url))
    const child = spawn(process.execPath, ['--conditions=@latchkey/source', '--import', 'tsx', main], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PORT: '0',
        DATABASE_URL: database.url,
        REDIS_URL: redis?.url ?? '',
        LATCHKEY_KEYRING_FILE: keyringFile,
        LATCHKEY_PUBLIC_URL: 'http://localhost:4000',
        LATCHKEY_SUBGRAPH_URLS: 'sessions=http://127.0.0.1:1,api-keys=http://127.0.0.1:1',
        ...environment,
      },
    })
    running.push(child)
    return child
  }

  const exitOf = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once('exit', resolve))

  /** Resolves with the line that says where it serves. */
  function served(child: ChildProcess): Promise<{ url: string; mail: string }> {
    return new Promise((resolve, reject) => {
      let text = ''
      child.stderr?.on('data', (chunk) => reject(new Error(String(chunk))))
      child.stdout?.on('data', (chunk) => {
        text += chunk
        const line = text.split('\n').find((candidate) => candidate.includes('users is serving'))
        if (line?.endsWith('}')) resolve(JSON.parse(line))
      })
    })
  }

  it('answers whom the gateway vouches for, nobody else, shows its mail, and drains on SIGTERM', async () => {
    const child = spawnUsers()
    const { url } = await served(child)
    const seal = createSealer({
      issuer: 'gateway',
      privateKey: readKeyringFile(keyringFile, entropy).signingKey('gateway'),
      clock,
    })
    const transport = httpTransport({
      subgraph: 'users',
      urls: [`${url}/graphql`],
      seal: (principal) => seal(principal, 'users'),
    })
    const query = `mutation { register(input: { email: "ada@example.com", password: "correct horse battery", displayName: "Ada" }) { outcome } }`
    const answer = await transport({ query, variables: {}, principal: anonymous, requestId: 'req_test' })
    expect(answer).toEqual({ data: { register: { outcome: 'CHECK_YOUR_MAIL' } } })
    await transport.close()

    const { status } = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [envelopeHeader]: 'nonsense' },
      body: JSON.stringify({ query: '{ _service { sdl } }' }),
    })
    expect(status).toBe(401)

    const mailbox = `${url}/dev/mail?to=ada@example.com`
    const mails = async () => (await fetch(mailbox, { headers: { accept: 'application/json' } })).text()
    await until(async () => (await mails()) !== '[]')
    expect(JSON.parse(await mails())).toMatchObject([{ to: 'ada@example.com', subject: 'Confirm your address' }])

    child.kill('SIGTERM')
    expect(await exitOf(child)).toBe(0)
  })

  it('has no mailbox in production, and says where mail waits', async () => {
    const child = spawnUsers({ NODE_ENV: 'production' })
    const { url, mail } = await served(child)
    expect((await fetch(`${url}/dev/mail`)).status).toBe(404)
    expect(mail).toBe('waits in the outbox: no mail server is configured')
  })

  it('waits for its database, says in its log what for, and ends at once when it is told to', async () => {
    const child = spawnUsers({ DATABASE_URL: 'postgresql://127.0.0.1:1/none' })
    let text = ''
    const hasSaid = new Promise<void>((resolve) =>
      child.stdout?.on('data', (chunk) => {
        text += chunk
        if (text.includes('"store":"database"')) resolve()
      }),
    )
    await hasSaid
    child.kill('SIGTERM')
    expect(await exitOf(child)).toBe(0)
    expect(text).not.toContain('is serving')
  })
})
