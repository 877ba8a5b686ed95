import { systemEntropy as entropy } from '@latchkey/clock'
import { aService, aUser } from '@latchkey/principal/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'
import { prismaUsesStore } from '../limits/store.prisma.ts'

const material = newKeyringMaterial(entropy)
const keyring = createKeyring(material, entropy)
const ada = aUser({ userId: 'usr_ada' })
const bob = aUser({ userId: 'usr_bob' })
const gateway = aService('gateway')
const admin = aUser({ userId: 'usr_root', scopes: ['keys:admin'] })

const houses: RunningApiKeys[] = []
async function aHouse(arrangement: Parameters<typeof runApiKeys>[0] = { keyring }): Promise<RunningApiKeys> {
  const house = await runApiKeys(arrangement)
  houses.push(house)
  return house
}
afterAll(() => Promise.all(houses.map((house) => house.stop())))

const exportQuery = 'mutation ($input: ExportApiKeysInput) { exportApiKeys(input: $input) { file keys ndjson } }'
const importQuery = `mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) {
  mode outcome added updated same conflicting refused rows { line outcome apiKeyId reason } } }`

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it asked for
type Answer = any
const dataOf = (answer: { data?: unknown; errors?: readonly unknown[] }): Answer => {
  if (answer.errors) throw new Error(JSON.stringify(answer.errors))
  return answer.data
}
const exported = async (house: RunningApiKeys, input?: object) =>
  dataOf(await house.ask(admin, exportQuery, { input })).exportApiKeys
const imported = async (house: RunningApiKeys, ndjson: string, mode = 'APPLY') =>
  dataOf(await house.ask(admin, importQuery, { input: { ndjson, mode } })).importApiKeys

const levelIn = (confinement: unknown) => (confinement as { persistedOperations?: string }).persistedOperations
const everything = (house: RunningApiKeys) => house.database.prisma.apiKey.findMany({ orderBy: { id: 'asc' } })

let home: RunningApiKeys
const secrets: { id: string; secret: string }[] = []
let archive = ''
beforeAll(async () => {
  home = await aHouse()
  const metadata = JSON.stringify({ team: 'billing', note: 'Äpfel' })
  const persistedOperations = 'IDS_ONLY'
  secrets.push(
    await home.create(ada, {
      name: 'deployments',
      description: 'ships',
      metadata,
      persistedOperations,
      resources: ['project:123'],
    }),
    await home.create(ada, { name: 'nightly-reports' }),
    await home.create(bob, { name: 'bobs-scraper', scopes: ['profile:read'] }),
  )
  await home.revoke(ada, secrets[1]?.id ?? '')
  const rotate = 'mutation ($id: ID!) { rotateApiKey(input: { id: $id }) { secret apiKey { id } } }'
  const { rotateApiKey } = dataOf(await home.ask(bob, rotate, { id: secrets[2]?.id }))
  secrets.push({ id: rotateApiKey.apiKey.id, secret: rotateApiKey.secret })
  archive = (await exported(home)).ndjson
})

describe('an archive of keys', () => {
  it('brings every key into an empty house as it was, ids, MACs, states and all', async () => {
    const empty = await aHouse()
    expect(await imported(empty, archive)).toMatchObject({ outcome: 'WRITTEN', added: 4, refused: 0 })
    expect(await everything(empty)).toEqual(await everything(home))
    expect((await everything(empty)).filter(({ confinement }) => levelIn(confinement) === 'IDS_ONLY')).toHaveLength(1)
    for (const { id, secret } of secrets) {
      const record = await empty.transfer.peppers.rehash(
        { keyId: id, text: secret },
        { service: 'gateway', requestId: 'r' },
      )
      expect(record).toMatchObject({ keyId: id })
    }
  })

  it('says nothing: no text of a key, no MAC, no name, no owner, no id', () => {
    const macs = secrets.map(({ secret }) => keyring.mac('api-key', secret).mac)
    const told = [
      ...secrets.flatMap(({ id, secret }) => [id, secret, secret.slice(-49)]),
      ...macs.flatMap((mac) => (['hex', 'base64', 'base64url'] as const).map((form) => mac.toString(form))),
      ...['deployments', 'ships', 'nightly', 'scraper', 'usr_ada', 'usr_bob', 'billing', 'project:123', 'profile:read'],
    ]
    const decoded = archive
      .split('\n')
      .flatMap((line) => line.split(/[".]/).map((part) => Buffer.from(part, 'base64url').toString('latin1')))
    for (const text of told) {
      expect(archive).not.toContain(text)
      expect(archive).not.toContain(Buffer.from(text).toString('base64url'))
      expect(decoded.some((part) => part.includes(text))).toBe(false)
    }
  })

  it('is the same again when it is there already', async () => {
    expect(await imported(home, archive)).toMatchObject({ outcome: 'WRITTEN', same: 4, added: 0, updated: 0 })
  })

  it('holds one owner’s keys when asked for them', async () => {
    expect(await exported(home, { ownerId: 'usr_bob' })).toMatchObject({ keys: 2 })
  })

  it('says what would be done, and does nothing, when that was asked', async () => {
    const empty = await aHouse()
    const { rows, ...counts } = await imported(empty, archive, 'DRY_RUN')
    expect(counts).toMatchObject({ outcome: 'NOTHING_WRITTEN', added: 4 })
    expect(rows.map(({ line }: Answer) => line)).toEqual([2, 3, 4, 5])
    expect(await everything(empty)).toEqual([])
    expect(await empty.database.prisma.apiKeysAuditRecord.count()).toBe(0)
  })

  it('is refused whole when one row was changed, with the row', async () => {
    const empty = await aHouse()
    const lines = archive.split('\n')
    for (const at of [0, 1, 3, 5]) {
      const changed = lines.map((line, index) => (index === at ? line.replace(/..."?}$/, 'AAA"}') : line)).join('\n')
      for (const mode of ['APPLY', 'APPLY_GOOD_ROWS']) {
        const { outcome, rows } = await imported(empty, changed, mode)
        expect(outcome).toBe('NOTHING_WRITTEN')
        expect(rows.at(-1)).toMatchObject({ line: at + 1, outcome: 'REFUSED', reason: expect.any(String) })
      }
    }
    expect(await everything(empty)).toEqual([])
  })

  it('is refused by a house with another keyring', async () => {
    const stranger = await aHouse({})
    const { outcome, rows } = await imported(stranger, archive)
    expect({ outcome, rows }).toMatchObject({ outcome: 'NOTHING_WRITTEN', rows: [{ line: 1, outcome: 'REFUSED' }] })
    expect(rows[0].reason).toContain('another keyring')
  })

  it('is refused, naming the pepper, by a house whose keyring lacks it', async () => {
    const without = createKeyring({ ...material, 'api-key': newKeyringMaterial(entropy)['api-key'] ?? [] }, entropy)
    const other = await aHouse({ keyring: without })
    const { outcome, refused, rows } = await imported(other, archive)
    expect({ outcome, refused }).toEqual({ outcome: 'NOTHING_WRITTEN', refused: 4 })
    expect(rows[0].reason).toContain(`pepper ${keyring.keyIds('api-key')[0]}`)
    expect(await everything(other)).toEqual([])
  })
})

describe('an older archive', () => {
  it('revives no key that was revoked since, and changes none that is newer', async () => {
    const house = await aHouse()
    const [revoked, changed, kept] = [await house.create(ada), await house.create(ada), await house.create(ada)]
    const { ndjson } = await exported(house)
    await house.revoke(ada, revoked.id)
    const rename = 'mutation ($id: ID!) { updateApiKey(input: { id: $id, name: "newer" }) { apiKey { id } } }'
    await house.ask(ada, rename, { id: changed.id })
    const before = await everything(house)
    const { rows, ...counts } = await imported(house, ndjson)
    expect(counts).toMatchObject({ outcome: 'WRITTEN', conflicting: 2, same: 1, updated: 0 })
    expect(rows.find(({ apiKeyId }: Answer) => apiKeyId === revoked.id).reason).toContain('revoked')
    expect(rows.find(({ apiKeyId }: Answer) => apiKeyId === kept.id).outcome).toBe('SAME')
    expect(await everything(house)).toEqual(before)
  })

  it('into a house of an older day: what is newer in it counts, at once', async () => {
    const [today, yesterday] = [await aHouse(), await aHouse()]
    const key = await today.create(ada)
    await imported(yesterday, (await exported(today)).ndjson)
    await today.revoke(ada, key.id)
    expect(await imported(yesterday, (await exported(today)).ndjson)).toMatchObject({ updated: 1, refused: 0 })
    expect((await yesterday.records.apiKey(key.id)).key?.revokedAtMs).not.toBeNull()
    expect(await everything(yesterday)).toEqual(await everything(today))
  })

  it('brings back nothing of an owner who was erased here', async () => {
    const [old, now] = [await aHouse(), await aHouse()]
    await old.create(ada)
    await now.create(ada)
    await now.database.prisma.forgottenOwner.create({ data: { ownerId: 'usr_ada', forgottenAt: now.clock.now() } })
    const { ndjson } = await exported(old)
    expect(await imported(now, ndjson)).toMatchObject({ outcome: 'WRITTEN', added: 0, conflicting: 1 })
  })

  it('gives an owner no more than a hundred keys that work', async () => {
    const [old, now] = [await aHouse(), await aHouse()]
    await old.create(ada)
    const { ndjson } = await exported(old)
    const template = await everything(old)
    const data = Array.from({ length: 100 }, (_, at) => ({
      ...(template[0] ?? expect.fail()),
      id: `Key${String(at).padStart(9, '0')}`,
      metadata: {},
      confinement: {},
    }))
    await now.database.prisma.apiKey.createMany({ data })
    expect(await imported(now, ndjson)).toMatchObject({ outcome: 'NOTHING_WRITTEN', refused: 1 })
  })
})

describe('uses that were spent', () => {
  const usesQuery = 'query ($id: ID!) { apiKey(id: $id) { usesLeft } }'
  const leftIn = async (house: RunningApiKeys, id: string) =>
    dataOf(await house.ask(ada, usesQuery, { id })).apiKey.usesLeft
  const spend = async (house: RunningApiKeys, id: string, times: number) => {
    dataOf(await house.ask(gateway, 'query ($id: ID!) { apiKeyRecord(id: $id) { keyId } }', { id }))
    const { key } = await house.records.apiKey(id)
    for (let turn = 0; turn < times; turn++) await house.budgets.spend(key ?? expect.fail())
  }
  /** As its process does every two seconds. */
  const writeDown = async (house: RunningApiKeys) => {
    const unwritten = await house.budgets.unwritten(100)
    await prismaUsesStore(house.database).write(unwritten, house.clock.now())
    await house.budgets.written(unwritten)
  }
  const written = (house: RunningApiKeys) => house.database.prisma.keyUses.findMany({ orderBy: { keyId: 'asc' } })
  const aCountedKey = async (house: RunningApiKeys) => (await house.create(ada, { uses: { limit: 10 } })).id

  it('come along, and are not there to be spent again', async () => {
    const [from, to] = [await aHouse(), await aHouse()]
    const id = await aCountedKey(from)
    await spend(from, id, 7)
    await writeDown(from)
    expect(await imported(to, (await exported(from)).ndjson)).toMatchObject({ added: 1 })
    expect(await written(to)).toEqual(await written(from))
    expect(await leftIn(to, id)).toBe(3)
    await spend(to, id, 5)
    expect(await leftIn(to, id)).toBe(0)
  })

  it('come along with the keys that share them, once', async () => {
    const [from, to] = [await aHouse(), await aHouse()]
    const id = await aCountedKey(from)
    const rotate = 'mutation ($id: ID!) { rotateApiKey(input: { id: $id }) { apiKey { id } } }'
    const next = dataOf(await from.ask(ada, rotate, { id }))
    await spend(from, next.rotateApiKey.apiKey.id, 7)
    await writeDown(from)
    expect(await imported(to, (await exported(from)).ndjson)).toMatchObject({ added: 2 })
    expect(await leftIn(to, next.rotateApiKey.apiKey.id)).toBe(3)
    await spend(to, id, 5)
    expect(await leftIn(to, next.rotateApiKey.apiKey.id)).toBe(0)
  })

  it('are not given back by an archive of before', async () => {
    const house = await aHouse()
    const id = await aCountedKey(house)
    await spend(house, id, 2)
    await writeDown(house)
    const { ndjson } = await exported(house)
    await spend(house, id, 5)
    await writeDown(house)
    const before = await written(house)
    expect(await imported(house, ndjson)).toMatchObject({ same: 1 })
    expect(await written(house)).toEqual(before)
    expect(await leftIn(house, id)).toBe(3)
  })

  it.each(['the key is the same', 'the key has changed since'])(
    'count as the archive knows them where the house is of an older day, when %s',
    async (course) => {
      const [today, yesterday] = [await aHouse(), await aHouse()]
      const id = await aCountedKey(today)
      await spend(today, id, 2)
      await writeDown(today)
      await imported(yesterday, (await exported(today)).ndjson)
      const rename = 'mutation ($id: ID!) { updateApiKey(input: { id: $id, name: "newer" }) { apiKey { id } } }'
      if (course !== 'the key is the same') dataOf(await today.ask(ada, rename, { id }))
      await spend(today, id, 5)
      await writeDown(today)
      const { ndjson } = await exported(today)
      await imported(yesterday, ndjson, 'DRY_RUN')
      expect(await written(yesterday)).toMatchObject([{ spent: 2n }])
      await imported(yesterday, ndjson)
      expect(await written(yesterday)).toEqual(await written(today))
      expect(await leftIn(yesterday, id)).toBe(3)
    },
  )
})

describe('who takes keys out and brings them in', () => {
  it('has proved who they are within ten minutes', async () => {
    const stale = aUser({
      userId: 'usr_root',
      scopes: ['keys:admin'],
      authTime: home.clock.now().getTime() / 1_000 - 601,
    })
    for (const [query, input] of [
      [exportQuery, {}],
      [importQuery, { ndjson: archive, mode: 'DRY_RUN' }],
    ] as const) {
      const { errors } = await home.ask(stale, query, { input })
      expect(errors?.[0]?.extensions?.code).toBe('STEP_UP_REQUIRED')
    }
  })

  it('is written down, and so is each key that came in', async () => {
    const house = await aHouse()
    const { file } = await exported(home)
    await imported(house, archive)
    const taken = await home.database.prisma.apiKeysAuditRecord.findFirst({ where: { target: file } })
    expect(taken).toMatchObject({ action: 'api-key.exported', actorId: 'usr_root', detail: { keys: '4' } })
    expect(await house.database.prisma.apiKeysAuditRecord.count({ where: { action: 'api-key.imported' } })).toBe(4)
  })

  it('is told how many keys there are when they do not fit an answer', async () => {
    const house = await aHouse()
    const [template] = await everything(home)
    const data = Array.from({ length: 400 }, (_, at) => ({
      ...(template ?? expect.fail()),
      ...{ id: `Key${String(at).padStart(9, '0')}`, successorId: null, metadata: {}, confinement: {} },
    }))
    await house.database.prisma.apiKey.createMany({ data })
    const { errors } = await house.ask(admin, exportQuery, {})
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'CONFLICT' } })
    expect(errors?.[0]?.message).toContain('400 keys')
  })

  it.each([
    ['nothing', ''],
    ['too much', 'x'.repeat(240_001)],
    ['too many rows', 'x\n'.repeat(503)],
  ])('may not bring %s by a request', async (_, ndjson) => {
    const { errors } = await home.ask(admin, importQuery, { input: { ndjson, mode: 'APPLY' } })
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})

it('of two imports at once, one is done and the other told to wait', async () => {
  const empty = await aHouse()
  const answers = await Promise.all(
    [1, 2, 3].map(() => empty.ask(admin, importQuery, { input: { ndjson: archive, mode: 'APPLY' } })),
  )
  const done = answers.filter(({ errors }) => !errors).map((answer) => dataOf(answer).importApiKeys)
  expect(done.filter(({ added }: Answer) => added === 4)).toHaveLength(1)
  expect(await everything(empty)).toHaveLength(4)
})

it('more than a thousand keys go through page by page, and come back the same', async () => {
  const [from, to] = [await aHouse(), await aHouse()]
  const [template] = await everything(home)
  const data = Array.from({ length: 1_100 }, (_, at) => ({
    ...(template ?? expect.fail()),
    ...{
      id: `Key${String(at).padStart(9, '0')}`,
      ownerId: `usr_${at % 40}`,
      successorId: null,
      metadata: {},
      confinement: {},
    },
  }))
  await from.database.prisma.apiKey.createMany({ data })
  const chunks: Buffer[] = []
  const by = { actorKind: 'operator', actorId: 'operator', requestId: 'op' } as const
  const write = async (text: string) => void chunks.push(Buffer.from(text))
  expect(await from.transfer.backup.exportKeys({ by, ownerId: null, write })).toMatchObject({ keys: 1_100 })
  const rows: number[] = []
  const report = (some: readonly { line: number }[]) => void rows.push(...some.map(({ line }) => line))
  const done = await to.transfer.imports.importFrom(chunks, { mode: 'APPLY', by, bringer: 'operator', report })
  expect(done).toMatchObject({ kept: true, counts: { ADDED: 1_100 } })
  expect(rows).toEqual(Array.from({ length: 1_100 }, (_, at) => at + 2))
  expect(await everything(to)).toEqual(await everything(from))
})
