/** Keys in files: lost and restored, brought from another system, and moved to a newer pepper, over two gateways. */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRedis } from '@latchkey/principal/redis'
import { type Database, openDatabase } from '@latchkey/prisma'
import { storePatienceMs } from '@latchkey/prisma/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aKey, anAdministrator, apiKey, ask, bearer, codesOf, type SignedIn, signedIn } from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const me = '{ me { id sessions { id } apiKeys { id } } }'
const scopes = ['profile:read', 'sessions:read', 'keys:read']
const exportKeys = 'mutation { exportApiKeys { keys ndjson } }'
const importKeys = `mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) {
  outcome added same conflicting refused rows { line outcome apiKeyId reason } } }`
const revoke = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }'
const rotate = 'mutation ($id: ID!) { rotateApiKey(input: { id: $id }) { secret apiKey { id } } }'
const [served, refused] = [
  ['served', 'served'],
  ['CREDENTIAL_REJECTED', 'CREDENTIAL_REJECTED'],
]

/** Made by argon2 0.44 (t=1, m=1024) and bcrypt 1.10 (cost 4) of the texts beside them. */
const slow = {
  argon2: {
    text: 'oldsys_A1b2C3d4_0123456789abcdef0123456789abcdef',
    value: '$argon2id$v=19$m=1024,t=1,p=1$aLMBZ9wz2PKeO2GMmQoNaA$Lug6YhoCkBNMzLypElusca2wJm910v4L1ufKKG6a6Cg',
  },
  bcrypt: {
    text: 'oldsys_Z9y8X7w6_fedcba9876543210fedcba9876543210',
    value: '$2b$04$B/N/fP8D9PtkqMenl6oSienDyfRNn0/DlJJqnAE9zMqepyiglxX6a',
  },
}

/** A newer version of the pepper in front of the one that was made. */
function addPepper(file: string): void {
  const keyring = JSON.parse(readFileSync(file, 'utf8'))
  keyring.secrets['api-key'].unshift({ id: 'newer', secret: randomBytes(32).toString('base64url') })
  writeFileSync(file, JSON.stringify(keyring))
}

inEveryTopology((name) => {
  let house: Topology
  let database: Database
  let ada: SignedIn
  let root: SignedIn
  beforeAll(async () => {
    house = await startTopology(name, { prepareKeyring: addPepper, settings: { LATCHKEY_LIMIT_KEY_BURST: '1000' } })
    database = openDatabase({ url: house.databaseUrl, patienceMs: storePatienceMs })
    ada = await signedIn(house.gateways[0])
    root = await anAdministrator(house)
  })
  afterAll(async () => {
    await database?.close()
    await house?.stop()
  })

  const by = ({ accessToken }: SignedIn, query: string, variables: object = {}) =>
    ask(house.gateways[0], bearer(accessToken), query, variables)
  const imported = async (ndjson: string, mode = 'APPLY') => {
    const { data, errors } = await by(root, importKeys, { input: { ndjson, mode } })
    if (errors.length > 0) throw new Error(JSON.stringify(errors))
    return data.importApiKeys
  }
  const verdictAt = async (gateway: string, secret: string) => {
    const answer = await ask(gateway, apiKey(secret), me)
    return answer.status === 200 && answer.errors.length === 0 ? 'served' : codesOf(answer)[0]
  }
  /** What each gateway says to the key. */
  const verdicts = (secret: string) => Promise.all(house.gateways.map((gateway) => verdictAt(gateway, secret)))
  const asMany = (count: number, secret: string) =>
    Promise.all(Array.from({ length: count }, (_, at) => verdictAt(house.gateways[at % 2 === 0 ? 0 : 1], secret)))
  /** At the command line after `--retire`; a running process is asked with the version alone. */
  const retire = (pepperId: string) =>
    house.operate('api-keys', 'peppers', ...(name === 'embedded' ? [] : ['--retire']), pepperId)
  const rehashesOf = (id: string) =>
    database.prisma.apiKeysAuditRecord.count({ where: { target: id, action: 'api-key.rehashed' } })

  /** The keys are gone: their rows, and what is known of them elsewhere. */
  async function loseKeys(): Promise<void> {
    const tables = ['api_keys', 'foreign_keys', 'foreign_secrets'].map((table) => `api_keys.${table}`)
    await database.prisma.$executeRawUnsafe(`TRUNCATE ${tables.join(', ')}`)
    await forgetRecords()
  }
  async function forgetRecords(): Promise<void> {
    const redis = openRedis(house.redis.url, storePatienceMs)
    await redis.connect()
    for await (const keys of redis.scanStream({ match: `${house.redis.prefix}api-key:*` }))
      if (keys.length > 0) await redis.del(keys)
    redis.disconnect()
  }

  it('keys that were lost come back from an archive, and work; nobody can change a byte of it', async () => {
    const [live, ended, rotated] = [
      await aKey(house.gateways[0], ada, scopes),
      await aKey(house.gateways[0], ada, scopes),
      await aKey(house.gateways[0], ada, scopes),
    ]
    await by(ada, revoke, { id: ended.apiKey.id })
    const { secret: next } = (await by(ada, rotate, { id: rotated.apiKey.id })).data.rotateApiKey
    const { keys, ndjson } = (await by(root, exportKeys)).data.exportApiKeys
    expect(keys).toBe(4)
    const secrets = [live.secret, ended.secret, rotated.secret, next]
    for (const secret of secrets) {
      const mac = house.secrets.keyring.mac('api-key', secret).mac
      const told = [
        secret,
        secret.slice(-40),
        secret.slice(8, 20),
        ada.userId,
        ...(['hex', 'base64', 'base64url'] as const).map((form) => mac.toString(form)),
      ]
      for (const text of told) expect(ndjson).not.toContain(text)
    }

    await loseKeys()
    for (const secret of secrets) expect(await verdicts(secret)).toEqual(refused)
    const bytes = Buffer.from(ndjson)
    for (let at = 11; at < bytes.length - 1; at += 397) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      const line = bytes.subarray(0, at).toString().split('\n').length
      const { outcome, rows } = await imported(changed.toString(), 'APPLY_GOOD_ROWS')
      expect({ outcome, last: rows.at(-1) }).toMatchObject({
        outcome: 'NOTHING_WRITTEN',
        last: { line, outcome: 'REFUSED' },
      })
    }
    expect(await database.prisma.apiKey.count()).toBe(0)

    expect(await imported(ndjson)).toMatchObject({ outcome: 'WRITTEN', added: 4, refused: 0 })
    for (const secret of [live.secret, rotated.secret, next]) expect(await verdicts(secret)).toEqual(served)
    expect(await verdicts(ended.secret)).toEqual(refused)
    expect(await imported(ndjson)).toMatchObject({ outcome: 'WRITTEN', same: 4 })
  })

  it('the operator’s command writes the same to a file, and brings it back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-archive-'))
    const file = join(folder, 'keys.ndjson')
    const { secret } = await aKey(house.gateways[0], ada, scopes)
    expect(await house.operate('api-keys', 'export', file)).toMatch(/^\d+ keys? in /)
    await loseKeys()
    expect(await verdicts(secret)).toEqual(refused)
    expect(await house.operate('api-keys', 'import', file)).toMatch(/^\d+ added, 0 updated/)
    expect(await verdicts(secret)).toEqual(served)
    rmSync(folder, { recursive: true })
  })

  it('keys of another system work by their hashes, and are hashed anew at the first of two hundred uses', async () => {
    const [plain, keyed] = ['oldsys_plain_', 'oldsys_keyed_'].map((start) => start + randomBytes(24).toString('hex'))
    const secret = randomBytes(32)
    const hashes = [
      [
        plain,
        {
          format: 'SHA256',
          value: createHash('sha256')
            .update(plain ?? '')
            .digest('hex'),
        },
      ],
      [
        keyed,
        {
          format: 'HMAC_SHA256',
          value: createHmac('sha256', secret)
            .update(keyed ?? '')
            .digest('hex'),
          secret: secret.toString('base64'),
        },
      ],
      [slow.argon2.text, { format: 'ARGON2', value: slow.argon2.value, prefix: slow.argon2.text.slice(0, 15) }],
      [slow.bcrypt.text, { format: 'BCRYPT', value: slow.bcrypt.value, prefix: slow.bcrypt.text.slice(0, 15) }],
    ] as const
    const rows = hashes.map(([, hash], at) =>
      JSON.stringify({ externalId: `old ${at}`, ownerId: root.userId, name: `old ${at}`, scopes, hash }),
    )
    const { outcome, rows: reports } = await imported(rows.join('\n'))
    expect(outcome).toBe('WRITTEN')
    for (const [at, [text = '']] of hashes.entries()) {
      expect(await verdictAt(house.gateways[0], `${text.slice(0, -1)}x`)).toBe('CREDENTIAL_REJECTED')
      expect(new Set(await asMany(200, text))).toEqual(new Set(['served']))
      const { apiKeyId } = reports[at]
      expect(await rehashesOf(apiKeyId)).toBe(1)
      const kept = await database.prisma.foreignKey.findUniqueOrThrow({ where: { keyId: apiKeyId } })
      expect(kept).toMatchObject({ hash: null, secretId: null, lookup: expect.stringMatching(/^mac:newer:/) })
      await by(root, revoke, { id: apiKeyId })
      expect(await verdicts(text)).toEqual(refused)
    }
  })

  it('a key under an older pepper works, and of two hundred uses one moves it to the newest', async () => {
    const { secret, apiKey: key } = await aKey(house.gateways[0], ada, scopes)
    const [, older = ''] = house.secrets.keyring.keyIds('api-key')
    const secretMac = new Uint8Array(house.secrets.keyring.macWith('api-key', older, secret) ?? [])
    await database.prisma.apiKey.update({ where: { id: key.id }, data: { pepperId: older, secretMac } })
    await forgetRecords()
    await expect(retire(older)).rejects.toThrow(/still needed by 1 key/)
    expect(new Set(await asMany(200, secret))).toEqual(new Set(['served']))
    await expect.poll(() => rehashesOf(key.id)).toBeGreaterThan(0)
    const { pepperId, version } = await database.prisma.apiKey.findUniqueOrThrow({ where: { id: key.id } })
    expect({ pepperId, version, rehashes: await rehashesOf(key.id) }).toEqual({
      pepperId: 'newer',
      version: 2,
      rehashes: 1,
    })
    expect(await verdicts(secret)).toEqual(served)
    expect(await retire(older)).toContain(`needs ${older}. Take it out`)
  })
})
