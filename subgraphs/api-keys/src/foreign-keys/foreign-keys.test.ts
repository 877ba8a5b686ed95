import { createHash, createHmac } from 'node:crypto'
import { systemEntropy as entropy, minuteMs } from '@latchkey/clock'
import { aService, aUser } from '@latchkey/principal/testing'
import { hash as bcrypt } from '@node-rs/bcrypt'
import argon2 from 'argon2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'
import { outboxPayload, trailOf } from '../keys/trail.ts'
import { prismaForeignKeyStore } from './store.prisma.ts'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

const admin = aUser({ userId: 'usr_ada', scopes: ['keys:admin', 'keys:read'] })
const gateway = aService('gateway')
const importQuery = `mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) {
  outcome added same conflicting refused rows { line outcome apiKeyId reason } } }`
const recogniseQuery = `mutation ($text: String!) { recogniseForeignKey(text: $text) {
  keyId ownerId secretMac pepperId scopes version } }`

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it asked for
type Answer = any
async function imported(rows: readonly object[], mode = 'APPLY', by = admin): Promise<Answer> {
  const ndjson = rows.map((row) => JSON.stringify(row)).join('\n')
  const { data, errors } = await app.ask(by, importQuery, { input: { ndjson, mode } })
  if (errors) throw new Error(JSON.stringify(errors))
  return (data as Answer).importApiKeys
}
const recognised = async (text: string): Promise<Answer> => {
  const { data, errors } = await app.ask(gateway, recogniseQuery, { text })
  return errors ? errors[0]?.extensions?.code : (data as Answer).recogniseForeignKey
}

let made = 0
const aText = () => `acme_${String(made++).padStart(6, '0')}_${'0123456789abcdef'.repeat(2)}`
const hmacSecret = Buffer.from('the secret of the other system')
const sha256 = (text: string) => ({ format: 'SHA256', value: createHash('sha256').update(text).digest('hex') })
const hmac = (text: string, secret = hmacSecret) => ({
  format: 'HMAC_SHA256',
  value: createHmac('sha256', secret).update(text).digest('base64url'),
  secret: secret.toString('base64'),
})
const prefixOf = (text: string) => text.slice(0, 11)
const cheap = { type: argon2.argon2id, memoryCost: 1_024, timeCost: 1, parallelism: 1 } as const
const hashes: Record<string, (text: string) => Promise<object> | object> = {
  SHA256: sha256,
  HMAC_SHA256: (text) => hmac(text),
  ARGON2: async (text) => ({ format: 'ARGON2', value: await argon2.hash(text, cheap), prefix: prefixOf(text) }),
  BCRYPT: async (text) => ({ format: 'BCRYPT', value: await bcrypt(text, 4), prefix: prefixOf(text) }),
}
const aRow = (text: string, hash: object = sha256(text), more: object = {}) => ({
  ...{ externalId: `old-${text.slice(5, 11)}`, ownerId: 'usr_ada', name: 'from before', scopes: ['keys:read'], hash },
  ...more,
})
const kept = (keyId: string) => app.database.prisma.foreignKey.findUniqueOrThrow({ where: { keyId } })
const rehashes = (target: string) =>
  app.database.prisma.apiKeysAuditRecord.count({ where: { target, action: 'api-key.rehashed' } })

describe.each(Object.entries(hashes))('a key by its %s', (format, hashOf) => {
  it('is recognised as it is, and from its first use on kept under our pepper alone', async () => {
    const text = aText()
    const { outcome, rows } = await imported([aRow(text, await hashOf(text))])
    expect(outcome).toBe('WRITTEN')
    const keyId = rows[0].apiKeyId
    expect(await kept(keyId)).toMatchObject({ format, rehashedAt: null })

    const { keyId: pepperId, mac } = app.keyring.mac('api-key', text)
    const expected = { keyId, ownerId: 'usr_ada', pepperId, secretMac: mac.toString('base64url'), version: 2 }
    expect(await recognised(text)).toMatchObject(expected)
    expect(await kept(keyId)).toMatchObject({ hash: null, secretId: null, rehashedAt: app.clock.now() })
    expect(JSON.stringify(await kept(keyId))).not.toContain(createHash('sha256').update(text).digest('hex'))
    expect((await app.records.apiKey(keyId)).key).toMatchObject({ pepperId, version: 2 })
    expect(await recognised(text)).toMatchObject(expected)
    expect(await rehashes(keyId)).toBe(1)
  })

  it('is not taken for another text, and says nothing of it', async () => {
    const text = aText()
    const { rows } = await imported([aRow(text, await hashOf(text))])
    expect(await recognised(`${text.slice(0, -1)}x`)).toBeNull()
    expect(await kept(rows[0].apiKeyId)).toMatchObject({ rehashedAt: null })
  })

  it('of two hundred first uses at once, one hashes it anew', async () => {
    const text = aText()
    const { rows } = await imported([aRow(text, await hashOf(text))])
    const answers = await Promise.all(Array.from({ length: 200 }, () => recognised(text)))
    expect(new Set(answers.map(({ keyId, version }) => `${keyId} ${version}`))).toEqual(
      new Set([`${rows[0].apiKeyId} 2`]),
    )
    expect(await rehashes(rows[0].apiKeyId)).toBe(1)
  })
})

it('is hashed anew once however many processes read it before', async () => {
  const text = aText()
  const keyId = (await imported([aRow(text)])).rows[0].apiKeyId
  const { lookup } = await kept(keyId)
  const { keyId: pepperId, mac: secretMac } = app.keyring.mac('api-key', text)
  const trail = {
    clock: app.clock,
    entropy,
    seal: (payload: string) => app.keyring.seal('data', payload, outboxPayload),
  }
  const store = prismaForeignKeyStore(app.database)
  const announced: number[] = []
  const rehash = {
    keyId,
    lookup,
    newLookup: `mac:${keyId}`,
    secretMac,
    pepperId,
    lastFour: 'last',
    at: app.clock.now(),
  }
  const done = await Promise.all(
    Array.from({ length: 4 }, () =>
      store.rehash(
        rehash,
        trailOf('api-key.rehashed', keyId, { principal: gateway, requestId: 'r' }, {}, trail),
        async ({ version }) => void announced.push(version),
      ),
    ),
  )
  expect(done.filter((key) => key !== null)).toHaveLength(1)
  expect(announced).toEqual([2])
  expect(await rehashes(keyId)).toBe(1)
})

describe('hashes that are dear to check', () => {
  it('are evaluated ten times a minute for a key, and not at all for the rest of it', async () => {
    const text = aText()
    await imported([aRow(text, await hashes.BCRYPT?.(text))])
    const wrong = Array.from({ length: 12 }, (_, at) => `${text.slice(0, -2)}${10 + at}`)
    const answers: unknown[] = []
    for (const each of wrong) answers.push(await recognised(each))
    expect(answers).toEqual([...Array(10).fill(null), 'RATE_LIMITED', 'RATE_LIMITED'])
    expect(await recognised(text)).toBe('RATE_LIMITED')
    app.clock.advance(minuteMs)
    expect(await recognised(text)).toMatchObject({ ownerId: 'usr_ada' })
  })

  it('are not evaluated for a text whose beginning nobody knows', async () => {
    for (let times = 0; times < 12; times++) expect(await recognised(`nobody_${'x'.repeat(40)}`)).toBeNull()
  })
})

describe('rows of an import', () => {
  const rowsOf = async (rows: readonly object[], mode = 'APPLY') => {
    const { rows: reports, ...counts } = await imported(rows, mode)
    return { counts, reasons: reports.map(({ outcome, reason }: Answer) => `${outcome} ${reason}`) }
  }

  it('can be brought again as often as one likes: a key is known by its external id', async () => {
    const [first, second] = [aText(), aText()]
    await imported([aRow(first)])
    expect(await imported([aRow(first), aRow(second)])).toMatchObject({ outcome: 'WRITTEN', same: 1, added: 1 })
    await recognised(first)
    expect(await imported([aRow(first)])).toMatchObject({ same: 1, conflicting: 0 })
    const { counts, reasons } = await rowsOf([
      aRow(second, sha256('another text altogether')),
      aRow(first, sha256(first), { ownerId: 'usr_eve' }),
    ])
    expect(counts).toMatchObject({ conflicting: 2, added: 0 })
    expect(reasons).toEqual([expect.stringContaining('another hash'), expect.stringContaining('somebody else')])
  })

  it('are all refused when one is, and named; or the good ones are taken when that was asked', async () => {
    const [good, bad] = [aText(), aText()]
    const rows = [
      aRow(good),
      aRow(bad, sha256(bad), { scopes: ['nowhere:read'], ownerId: 'not an id', expiresAt: 'soon' }),
    ]
    const { counts, reasons } = await rowsOf(rows)
    expect(counts).toMatchObject({ outcome: 'NOTHING_WRITTEN', refused: 1 })
    expect(reasons[1]).toMatch(/^REFUSED (?=.*ownerId)(?=.*scopes)(?=.*expiresAt)/)
    expect(await recognised(good)).toBeNull()
    expect(await imported(rows, 'APPLY_GOOD_ROWS')).toMatchObject({ outcome: 'WRITTEN', added: 1, refused: 1 })
    expect(await recognised(good)).toMatchObject({ ownerId: 'usr_ada' })
  })

  it.each<[string, object, RegExp]>([
    ['a hash of the wrong length', { hash: { format: 'SHA256', value: 'abcd' } }, /32 bytes/],
    ['an HMAC without its secret', { hash: { ...sha256('x'), format: 'HMAC_SHA256' } }, /needs `secret`/],
    ['bcrypt without a prefix', { hash: { format: 'BCRYPT', value: `$2b$10$${'a'.repeat(53)}` } }, /needs `prefix`/],
    [
      'bcrypt that is too dear',
      { hash: { format: 'BCRYPT', value: `$2b$13$${'a'.repeat(53)}`, prefix: 'abcdefgh' } },
      /4 to 12/,
    ],
    [
      'argon2 that is too dear',
      {
        hash: {
          format: 'ARGON2',
          value: `$argon2id$v=19$m=1048576,t=3,p=1$${'a'.repeat(22)}$${'b'.repeat(43)}`,
          prefix: 'abcdefgh',
        },
      },
      /65536 KiB/,
    ],
    [
      'a prefix like ours',
      { hash: { format: 'BCRYPT', value: `$2b$10$${'a'.repeat(53)}`, prefix: 'lk_live_a' } },
      /needs `prefix`/,
    ],
    ['a member that means nothing', { colour: 'red' }, /mean nothing/],
    ['a kind of hash that is not accepted', { hash: { format: 'MD5', value: 'x' } }, /hash.format/],
    ['no owner', { ownerId: undefined }, /ownerId/],
  ])('with %s are refused, and say why', async (_, more, reason) => {
    const text = aText()
    const { counts, reasons } = await rowsOf([aRow(text, sha256(text), more)])
    expect(counts).toMatchObject({ outcome: 'NOTHING_WRITTEN', refused: 1 })
    expect(reasons[0]).toMatch(reason)
  })

  it('that say the same of two keys, or are no JSON, are refused', async () => {
    const [one, other] = [aText(), aText()]
    const { reasons } = await rowsOf([aRow(one), aRow(one), aRow(other, sha256(one)), { ...aRow(other), hash: 'x' }])
    expect(reasons).toEqual([
      'ADDED null',
      expect.stringContaining('earlier row'),
      expect.stringContaining('same hash'),
      expect.stringContaining('hash'),
    ])
  })

  it('bring the secrets of eight systems at most, each kept once and sealed', async () => {
    const texts = Array.from({ length: 10 }, aText)
    const rows = texts.map((text, at) => aRow(text, hmac(text, Buffer.alloc(24, at + 1))))
    const { counts, reasons } = await rowsOf(rows, 'APPLY_GOOD_ROWS')
    // One is here from before.
    expect(counts).toMatchObject({ added: 7, refused: 3 })
    expect(reasons.at(-1)).toContain('secrets of 8')
    const sealed = await app.database.prisma.foreignSecret.findMany()
    expect(sealed).toHaveLength(8)
    expect(JSON.stringify(sealed)).not.toContain(hmacSecret.toString('base64'))
    expect(await recognised(texts[0] ?? '')).toMatchObject({ ownerId: 'usr_ada' })
  })
})

it('a key that was revoked before its first use is told as what it is', async () => {
  const text = aText()
  const { rows } = await imported([aRow(text)])
  await app.revoke(aUser({ userId: 'usr_ada' }), rows[0].apiKeyId)
  await recognised(text)
  expect((await app.records.apiKey(rows[0].apiKeyId)).key?.revokedAtMs).not.toBeNull()
})

it('what a forgotten owner brought along is forgotten with them', async () => {
  const text = aText()
  const { rows } = await imported([aRow(text, sha256(text), { ownerId: 'usr_gone' })], 'APPLY', {
    ...admin,
    userId: 'usr_gone',
  })
  await app.ask(aService('users'), 'mutation { eraseUser(userId: "usr_gone") { forgotten } }')
  expect(await recognised(text)).toBeNull()
  expect((await kept(rows[0].apiKeyId)).externalId).toBe(rows[0].apiKeyId)
})
