import { createHash } from 'node:crypto'
import { systemEntropy as entropy } from '@latchkey/clock'
import { aService, aUser } from '@latchkey/principal/testing'
import { createKeyring, type Keyring, newKeyringMaterial } from '@latchkey/secrets'
import { createLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'
import { outboxPayload, trailOf } from '../keys/trail.ts'
import { tellOfLackingPeppers } from './lacking.ts'
import { prismaPepperStore } from './store.prisma.ts'

const material = newKeyringMaterial(entropy)
const newer = newKeyringMaterial(entropy)['api-key'] ?? []
const [older, both] = [
  createKeyring(material, entropy),
  createKeyring({ ...material, 'api-key': [...newer, ...(material['api-key'] ?? [])] }, entropy),
]
const onlyNewer = createKeyring({ ...material, 'api-key': newer }, entropy)
const [oldId, newId] = [both.keyIds('api-key')[1] ?? '', both.keyIds('api-key')[0] ?? '']

/** A keyring as of now: a restart with another file. */
let current: Keyring = older
const keyring: Keyring = {
  mac: (...args) => current.mac(...args),
  macWith: (...args) => current.macWith(...args),
  keyIds: (...args) => current.keyIds(...args),
  seal: (...args) => current.seal(...args),
  open: (...args) => current.open(...args),
}

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys({ keyring })
})
afterAll(() => app.stop())

const ada = aUser({ userId: 'usr_ada' })
const gateway = aService('gateway')
const query =
  'mutation ($input: RehashApiKeyInput!) { rehashApiKey(input: $input) { keyId pepperId secretMac version } }'
const rehash = async (keyId: string, text: string) => {
  const { data, errors } = await app.ask(gateway, query, { input: { keyId, text } })
  return errors ? errors[0]?.extensions?.code : (data as { rehashApiKey: unknown }).rehashApiKey
}
const countOf = async (wanted: string) =>
  (await app.transfer.peppers.counts()).find(({ pepperId }) => pepperId === wanted)

describe('a key under an older pepper', () => {
  it('moves to the newest with its first use, once, whoever of two hundred asks', async () => {
    current = older
    const { id, secret } = await app.create(ada)
    current = both
    expect(await countOf(oldId)).toMatchObject({ state: 'OLDER', lasting: 1 })
    const mac = both.mac('api-key', secret).mac.toString('base64url')
    const answers = await Promise.all(Array.from({ length: 200 }, () => rehash(id, secret)))
    for (const answer of answers) expect(answer).toEqual({ keyId: id, pepperId: newId, secretMac: mac, version: 2 })
    expect(
      await app.database.prisma.apiKeysAuditRecord.count({ where: { target: id, action: 'api-key.rehashed' } }),
    ).toBe(1)
    expect((await app.records.apiKey(id)).key).toMatchObject({ pepperId: newId, secretMac: mac, version: 2 })
    expect(await countOf(oldId)).toMatchObject({ lasting: 0 })
    expect(await countOf(newId)).toMatchObject({ state: 'NEWEST', lasting: 1 })
  })

  it('moves once however many processes read it before', async () => {
    current = older
    const { id, secret } = await app.create(ada)
    const key = await app.database.prisma.apiKey.findUniqueOrThrow({ where: { id } })
    const { keyId: pepperId, mac: secretMac } = both.mac('api-key', secret)
    const store = prismaPepperStore(app.database)
    const trail = { clock: app.clock, entropy, seal: (payload: string) => older.seal('data', payload, outboxPayload) }
    const asker = { principal: gateway, requestId: 'r' }
    const announced: string[] = []
    const moves = await Promise.all(
      Array.from({ length: 4 }, () =>
        store.replaceMac(
          { key, secretMac, pepperId },
          trailOf('api-key.rehashed', id, asker, {}, trail),
          async ({ version }) => void announced.push(`${version}`),
        ),
      ),
    )
    expect(moves.filter((moved) => moved !== null)).toHaveLength(1)
    expect(announced).toEqual(['2'])
  })

  it('stays as it is for any other text', async () => {
    current = older
    const [one, other] = [await app.create(ada), await app.create(ada)]
    current = both
    for (const text of [other.secret, `${one.secret.slice(0, -1)}x`, '']) expect(await rehash(one.id, text)).toBeNull()
    expect(await rehash('nothing', one.secret)).toBeNull()
    expect((await app.database.prisma.apiKey.findUniqueOrThrow({ where: { id: one.id } })).pepperId).toBe(oldId)
  })

  it('is not brought back to life by it when it is revoked at that moment', async () => {
    for (let round = 0; round < 4; round += 1) {
      current = older
      const { id, secret } = await app.create(ada)
      current = both
      await Promise.all([rehash(id, secret), app.revoke(ada, id)])
      expect((await app.records.apiKey(id)).key?.revokedAtMs).not.toBeNull()
    }
  })

  it('stays under it while this process does not hold the newest yet', async () => {
    current = older
    const { id, secret } = await app.create(ada)
    expect(await rehash(id, secret)).toMatchObject({ pepperId: oldId, version: 1 })
  })
})

it('a key of another system moves, and is found under the newest alone', async () => {
  current = older
  const text = `acme_${'z'.repeat(40)}`
  const hash = { format: 'SHA256', value: createHash('sha256').update(text).digest('hex') }
  const row = { externalId: 'old-1', ownerId: 'usr_ada', name: 'from before', scopes: ['keys:read'], hash }
  const admin = aUser({ userId: 'usr_ada', scopes: ['keys:admin', 'keys:read'] })
  const input = { ndjson: JSON.stringify(row), mode: 'APPLY' }
  await app.ask(admin, 'mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { added } }', { input })
  const asked = { service: 'gateway', requestId: 'r' }
  const first = await app.transfer.foreignKeys.recognise(text, asked)
  expect(first).toMatchObject({ pepperId: oldId })
  current = both
  expect(await rehash(first?.keyId ?? '', text)).toMatchObject({ keyId: first?.keyId, pepperId: newId })
  current = onlyNewer
  expect(await app.transfer.foreignKeys.recognise(text, asked)).toMatchObject({ keyId: first?.keyId, pepperId: newId })
})

it('keys whose pepper is gone from the keyring are counted as what they are', async () => {
  current = older
  await app.create(aUser({ userId: 'usr_bob' }))
  current = onlyNewer
  expect(await countOf(oldId)).toMatchObject({ state: 'LACKING', lasting: expect.any(Number) })
  const told: string[] = []
  const logger = createLogger({
    level: 'error',
    service: 'test',
    destination: { write: (line) => void told.push(line) },
  })
  await tellOfLackingPeppers(app.transfer.peppers, logger)
  expect(JSON.parse(told[0] ?? '')).toMatchObject({ pepperId: oldId, keys: expect.any(Number) })
})
