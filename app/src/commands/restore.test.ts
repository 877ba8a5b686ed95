import { randomBytes, scryptSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemEntropy as entropy } from '@latchkey/clock'
import { openDatabase } from '@latchkey/prisma'
import { storePatienceMs, type TestDatabase, testDatabase } from '@latchkey/prisma/testing'
import { createKeyringFile } from '@latchkey/secrets/file'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { assemble } from '../assemble.ts'
import { parseConfig } from '../config.ts'
import { openFoundation, type Undo } from '../foundation.ts'
import { quiet } from '../standing-application.ts'
import { backup } from './backup.ts'
import { restore } from './restore.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-restore-'))
const keyringFile = join(folder, 'keyring.json')
createKeyringFile(keyringFile, entropy)
const file = join(folder, 'monday.backup')

/** Of an operator at that database, on a machine that has no Redis. */
const beside = (databaseUrl: string) => ({
  ...{ PATH: '', LATCHKEY_DATA_DIR: folder, LATCHKEY_LOG_LEVEL: 'silent', DATABASE_URL: databaseUrl },
  LATCHKEY_KEYRING_FILE: keyringFile,
})

/** A whole house is begun, more than once. */
const patience = { timeout: 240_000 }

const ada = { email: 'ada@example.com', password: randomBytes(16).toString('base64url') }

type Answer = {
  readonly data?: Record<string, { accessToken: string; secret: string; apiKey: { id: string } }>
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[]
}

/** Stands on that database for one test. */
async function aHouse(databaseUrl: string) {
  const undo: Undo[] = []
  const environment = beside(databaseUrl)
  const { foundation } = await openFoundation(parseConfig(environment), { environment, progress: quiet, undo })
  const application = assemble(foundation)
  const { url } = await application.gateway.listen({ host: '127.0.0.1', port: 0 })
  const close = async () => {
    await application.close()
    for (const step of undo.reverse()) await step()
  }
  const ask = async (headers: Record<string, string>, query: string): Promise<Answer> => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
    return (await fetch(`${url}/graphql`, { ...init, body: JSON.stringify({ query }) })).json() as Promise<Answer>
  }
  return {
    application,
    close,
    async signIn(): Promise<(query: string) => Promise<Answer>> {
      const { email, password } = ada
      const input = `{email: "${email}", password: "${password}"}`
      const { data } = await ask({}, `mutation { signIn(input: ${input}) { ... on SignedIn { accessToken } } }`)
      return (query) => ask({ authorization: `Bearer ${data?.signIn?.accessToken}` }, query)
    },
    /** What somebody with that key gets. */
    async opens(secret: string): Promise<string> {
      const { data, errors } = await ask({ 'x-api-key': secret }, '{ me { id } }')
      return data?.me ? 'served' : (errors?.[0]?.extensions.code ?? 'nothing')
    },
  }
}

function hashOf(password: string): string {
  const salt = randomBytes(16)
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$scrypt$ln=10,r=8,p=1$${text(salt)}$${text(scryptSync(password, salt, 32, { N: 1_024, r: 8, p: 1 }))}`
}

let key: { readonly secret: string; readonly apiKey: { readonly id: string } }
beforeAll(async () => {
  const monday = await testDatabase()
  const { application, close, signIn } = await aHouse(monday.url)
  const people = join(folder, 'people.ndjson')
  const row = { externalId: 'ada', email: ada.email, emailVerified: true, displayName: 'Ada' }
  writeFileSync(people, JSON.stringify({ ...row, passwordHash: hashOf(ada.password) }))
  await application.userFiles.importFrom(people, 'APPLY', () => {})
  await application.signingKeys.replaceAll()
  const asAda = await signIn()
  const made = await asAda(
    'mutation { createApiKey(input: {name: "of monday", scopes: ["profile:read"]}) { secret apiKey { id } } }',
  )
  if (!made.data?.createApiKey) throw new Error(JSON.stringify(made))
  key = made.data.createApiKey
  await close()
  await backup.run([file], beside(monday.url))
  await monday.drop()
}, patience.timeout)
afterAll(() => rmSync(folder, { recursive: true }))

async function anEmptyDatabase(): Promise<TestDatabase> {
  const database = await testDatabase()
  onTestFinished(() => database.drop())
  return database
}

const auditedIn = async (url: string): Promise<readonly string[]> => {
  const database = openDatabase({ url, patienceMs: storePatienceMs })
  const text = `SELECT action FROM api_keys.audit_records WHERE actor_kind = 'operator'
    UNION ALL SELECT action FROM users.audit_records WHERE actor_kind = 'operator' AND action LIKE 'restore.%' ORDER BY action`
  const rows = await database.query<{ action: string }>({ name: '', text }, [])
  await database.close()
  return rows.map(({ action }) => action)
}

it('with --revoked lets nobody in with a key of that day, until its owner takes it up again', patience, async () => {
  const { url } = await anEmptyDatabase()
  const card = await restore.run([file, '--without-ledger', '--revoked'], beside(url))
  expect(card).toContain('1 API keys are disabled until their owners rotate or enable them, 0 recovery codes')
  expect(card).toContain('canary       signed in, used a key')
  const house = await aHouse(url)
  onTestFinished(house.close)
  expect(await house.opens(key.secret)).toBe('CREDENTIAL_REJECTED')
  const asAda = await house.signIn()
  expect(await asAda(`{ apiKey(id: "${key.apiKey.id}") { status } }`)).toEqual({
    data: { apiKey: { status: 'DISABLED' } },
  })
  await asAda(`mutation { enableApiKey(id: "${key.apiKey.id}") { apiKey { id } } }`)
  expect(await house.opens(key.secret)).toBe('served')
  expect(await auditedIn(url)).toEqual(['restore.codes-voided', 'restore.keys-disabled'])
})

it('without it the operator is told that keys of that day work, and none is touched', patience, async () => {
  const { url } = await anEmptyDatabase()
  const card = await restore.run([file, '--without-ledger'], beside(url))
  expect(card).toContain('API keys and recovery codes of that day work: with --revoked they would not')
  expect(await auditedIn(url)).toEqual([])
})

it.each([
  '',
  'FILE',
  'FILE --revoked',
  'FILE --without-ledger --ledger ledger.ndjson',
  'FILE --without-ledger --revoke',
  'FILE another --without-ledger',
])('“restore %s” touches nothing, and says how it is called', async (words) => {
  const given = words.split(' ').map((word) => (word === 'FILE' ? file : word))
  await expect(restore.run(given, beside('postgresql://nobody@127.0.0.1:1/none'))).rejects.toThrow(
    'restore FILE (--ledger LEDGER | --without-ledger)',
  )
})
