import { dayMs, hourMs, minuteMs, secondMs, systemEntropy } from '@latchkey/clock'
import { createKeyring } from '@latchkey/secrets'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { aMember, mailsTo, rotated, until } from '../application.fixture.ts'
import { answering, type Receiver, startReceiver } from './receiver.fixture.ts'
import { attemptsMax, keptMs } from './retry.ts'
import { names, startWebhooks, type WebhooksUnderTest } from './webhooks.fixture.ts'
import { prismaWorkStore } from './work.prisma.ts'

let under: WebhooksUnderTest
let receiver: Receiver
beforeAll(async () => {
  under = await startWebhooks()
})
// One for each story: what still comes from the one before finds nobody.
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.stop()
  const everything = 'WITH gone AS (DELETE FROM users.webhook_endpoints) DELETE FROM users.webhook_cursors'
  await under.database.query({ name: 'test_webhooks_none', text: everything }, [])
})
afterAll(async () => {
  await under.close()
})

const ids = (of: Receiver = receiver) => of.received.map(({ id }) => id)
const arrivedAt = (count: number, of: Receiver = receiver) => until(() => of.received.length >= count)
/** Waits for a try that ends at that moment; while one goes on, the next is told for when its lease ends. */
async function nextAfterTryAt(at: Date, endpointId: string): Promise<string | null> {
  const lastAttemptAt = at.toISOString()
  const settled = async () => (await under.deliveries({ endpointId }))[0]
  await until(async () => (await settled()).lastAttemptAt === lastAttemptAt)
  return (await settled()).nextAttemptAt
}

const quiet = (ms = 100) => new Promise((resolve) => setTimeout(resolve, ms))

/** Only of what the story itself brings about: not that the endpoint was made. */
const listen = (url = receiver.url) => under.create(url, { eventTypes: ['role.grant'] })

async function rowsWith(text: string): Promise<string[]> {
  const tables = ['webhook_endpoints', 'webhook_deliveries', 'webhook_cursors', 'audit_records', 'outbox']
  const found: string[] = []
  for (const table of tables) {
    const statement = { name: `test_rows_${table}`, text: `SELECT t::text AS row FROM users.${table} t` }
    for (const { row } of await under.database.query<{ row: string }>(statement, []))
      if (row.includes(text)) found.push(`${table}: ${row}`)
  }
  return found
}

describe('what happens', () => {
  it('arrives once each with three replicas at work, signed, under the id of its record', async () => {
    const others = [under.replica(), under.replica()]
    const { secret } = await listen()
    const happened = await under.happen(120, 'role.grant')
    await arrivedAt(120)
    await quiet()
    expect(ids().sort()).toEqual([...happened].sort())
    expect(new Set(under.checked(receiver.received, secret))).toEqual(new Set(['genuine']))
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      ...{ type: 'role.grant', version: 1 },
      data: { source: 'users', actor: { kind: 'user', id: 'usr_ada' }, target: 'usr_eve', detail: { role: 'admin' } },
    })
    expect(receiver.received[0]?.body).not.toContain('Firefox')
    await until(async () => (await under.deliveries({ status: 'PENDING' })).length === 0)
    const statuses = (await under.deliveries()).map(({ status, attempts }: never) => `${status} ${attempts}`)
    expect(new Set(statuses)).toEqual(new Set(['DELIVERED 1']))
    await Promise.all(others.map((replica) => replica.close()))
  })

  it('is sent when it is committed, and not before', async () => {
    await listen()
    await under.happen(1, 'role.grant')
    await under.database.prisma.$transaction(async (transaction) => {
      await transaction.$executeRaw`INSERT INTO users.audit_records (id, at, actor_kind, action, outcome)
        VALUES ('late_1', ${under.clock.now()}, 'user', 'role.grant', 'done')`
      await under.happen(1, 'role.grant')
      await arrivedAt(2)
      await quiet()
      expect(ids()).not.toContain('late_1')
    })
    await under.users.auditChain.seal()
    await arrivedAt(3)
    expect(ids()).toContain('late_1')
  })

  it('arrives from the other subgraphs, too, and waits for one that is away', async () => {
    const record = (id: string) => ({
      ...{ id, at: under.clock.now(), actorKind: 'user', actorId: 'usr_ada', onBehalfOf: null, action: 'role.grant' },
      ...{ target: 'Key000000001', outcome: 'done', requestId: 'req_1', detail: {}, sealed: true },
    })
    const told: string[] = []
    under.holders['api-keys'].tailed = ({ after }) => told.slice(Number(after ?? 0))
    under.holders['api-keys'].state = 'away'
    await listen()
    told.push(JSON.stringify({ seq: 1, record: record('k1') }), JSON.stringify({ seq: 2, record: record('k2') }))
    const [own] = await under.happen(1, 'role.grant')
    await arrivedAt(1)
    expect(ids()).toEqual([own])
    under.holders['api-keys'].state = 'well'
    await arrivedAt(3)
    expect(ids().sort()).toEqual([own, 'k1', 'k2'].sort())
    under.holders['api-keys'].tailed = () => []
  })

  it('is sent to those who asked for its kind, from when they asked on', async () => {
    const other = await startReceiver()
    await under.happen(2, 'role.grant')
    await listen()
    await under.create(other.url)
    const [granted] = await under.happen(1, 'role.grant')
    await under.happen(1, 'role.revoke')
    // Of the other everything: both endpoints were made, too.
    await arrivedAt(3, other)
    await quiet()
    expect(ids()).toEqual([granted])
    expect(other.received.map(({ body }) => JSON.parse(body).type)).toContain('role.revoke')
    expect(other.received.map(({ body }) => JSON.parse(body).type)).toContain('webhook-endpoint.create')
    await other.stop()
  })
})

describe('a delivery that fails', () => {
  it('is tried again later each time, is a dead letter in the end, and can be sent again by hand', async () => {
    const { id } = await listen()
    receiver.answer = answering(503, {}, 'try later')
    const [eventId] = await under.happen(1, 'role.grant')
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      await arrivedAt(attempt)
      const nextAttemptAt = await nextAfterTryAt(under.clock.now(), id)
      if (nextAttemptAt) under.clock.advance(Date.parse(nextAttemptAt) - under.clock.now().getTime())
    }
    const [dead] = await under.deliveries({ endpointId: id, status: 'FAILED' })
    expect(dead).toMatchObject({
      eventId,
      attempts: attemptsMax,
      nextAttemptAt: null,
      httpStatus: 503,
      answer: 'try later',
    })
    expect(new Set(ids())).toEqual(new Set([eventId]))
    under.clock.advance(dayMs)
    await quiet()
    expect(receiver.received).toHaveLength(attemptsMax)

    receiver.answer = answering(204)
    const again = await under.change('replayWebhookDeliveries', { endpointId: id, deliveryIds: [dead.id] })
    expect(again.value.replayWebhookDeliveries).toEqual({ count: 1, hasMore: false })
    await arrivedAt(attemptsMax + 1)
    await until(async () => (await under.deliveries({ endpointId: id }))[0].status === 'DELIVERED')
    expect((await under.endpoints())[0].failingSince).toBeNull()
  })

  it('waits for as long as it is asked to', async () => {
    await listen()
    receiver.answer = answering(429, { 'retry-after': '3600' })
    await under.happen(1, 'role.grant')
    await arrivedAt(1)
    await until(async () => (await under.deliveries({ status: 'PENDING' }))[0]?.failure === 'REFUSED')
    under.clock.advance(hourMs - 1)
    await quiet()
    expect(receiver.received).toHaveLength(1)
    under.clock.advance(1)
    await arrivedAt(2)
  })

  it('keeps nobody waiting but its own endpoint', async () => {
    const slow = await startReceiver()
    slow.answer = () => {}
    const { id } = await listen(slow.url)
    await listen()
    await under.happen(20, 'role.grant')
    await arrivedAt(20)
    expect(slow.received.length).toBeLessThan(20)
    expect(await under.deliveries({ endpointId: id, status: 'DELIVERED' })).toEqual([])
    await slow.stop()
  })

  it('is not lost with whoever had taken it: another takes it when the lease is over', async () => {
    const { id } = await listen()
    receiver.answer = answering(500)
    await under.happen(1, 'role.grant')
    await arrivedAt(1)
    await until(async () => (await under.deliveries())[0]?.failure === 'REFUSED')
    receiver.answer = answering(204)
    // As a process takes it that is killed before it sends anything.
    const now = new Date(under.clock.now().getTime() + 10 * secondMs)
    const leaseEndsAt = new Date(now.getTime() + minuteMs)
    expect(await prismaWorkStore(under.database).take(id, { now, leaseEndsAt, max: 4 })).toHaveLength(1)
    under.clock.advance(minuteMs)
    await quiet()
    expect(receiver.received).toHaveLength(1)
    under.clock.advance(10 * secondMs)
    await arrivedAt(2)
    expect(new Set(ids()).size).toBe(1)
  })
})

describe('an endpoint', () => {
  it('that says it is gone is switched off, on record and told; what waits is sent when it is enabled again', async () => {
    const admin = await aMember(under.users, 'admin@example.com')
    const { id } = await listen()
    const made = {
      name: 'test_webhooks_made_by',
      text: 'UPDATE users.webhook_endpoints SET created_by = $1 WHERE id = $2',
    }
    await under.database.query(made, [admin.userId, id])
    receiver.answer = answering(410)
    await under.happen(1, 'role.grant')
    await until(async () => (await under.endpoints())[0].status === 'DISABLED')
    expect((await under.endpoints())[0]).toMatchObject({ disabledBecause: 'GONE' })
    const mails = await mailsTo(under.users, 'admin@example.com', 2)
    expect(mails.at(-1)).toMatchObject({ subject: `Webhooks to ${new URL(receiver.url).host} were switched off` })
    expect(await rowsWith('webhook-endpoint.disable')).toHaveLength(1)
    const [later] = await under.happen(1, 'role.grant')
    await quiet()
    expect(receiver.received).toHaveLength(1)
    expect((await under.changeById('testWebhookEndpoint', id)).code).toBe('CONFLICT')
    expect(
      (await under.change('replayWebhookDeliveries', { endpointId: id, since: '2030-01-01T00:00:00Z' })).code,
    ).toBe('CONFLICT')

    receiver.answer = answering(204)
    await under.change('updateWebhookEndpoint', { id, status: 'ENABLED' })
    await arrivedAt(2)
    expect(ids().at(-1)).toBe(later)
  })

  it('where nothing arrived for five days is switched off', async () => {
    await listen()
    receiver.answer = answering(500)
    await under.happen(1, 'role.grant')
    await until(async () => (await under.endpoints())[0].failingSince !== null)
    under.clock.advance(5 * dayMs - 1)
    await until(async () => (await under.deliveries())[0].attempts === 2)
    await quiet()
    expect((await under.endpoints())[0].status).toBe('ENABLED')
    under.clock.advance(minuteMs)
    await until(async () => (await under.endpoints())[0].disabledBecause === 'FAILING')
  })

  it('has its secret shown once, and for a day after a change is signed under both', async () => {
    const { id, secret } = await listen()
    const { value } = await under.changeById('rotateWebhookSecret', id)
    const { secret: newer, endpoint } = value.rotateWebhookSecret
    expect(newer).toMatch(/^whsec_[\w+/]{43}=$/)
    expect(endpoint.previousSecretUntil).toBe(new Date(under.clock.now().getTime() + dayMs).toISOString())
    await under.happen(1, 'role.grant')
    await arrivedAt(1)
    for (const held of [secret, newer]) expect(under.checked(receiver.received, held)).toEqual(['genuine'])
    under.clock.advance(dayMs)
    await under.happen(1, 'role.grant')
    await arrivedAt(2)
    expect(under.checked(receiver.received.slice(1), newer)).toEqual(['genuine'])
    expect(under.checked(receiver.received.slice(1), secret)).toEqual(['refused'])
    const key = secret.slice('whsec_'.length)
    for (const text of [key, Buffer.from(key, 'base64').toString('hex'), newer.slice(6), receiver.url])
      expect(await rowsWith(text)).toEqual([])
  })

  it('has its secret changed by one of many who do it at once', async () => {
    const { id } = await listen()
    const answers = await Promise.all(Array.from({ length: 8 }, () => under.changeById('rotateWebhookSecret', id)))
    const won = answers.filter(({ code }) => code === undefined)
    expect(won.length).toBeGreaterThanOrEqual(1)
    const valid = won.at(-1)?.value.rotateWebhookSecret.secret
    expect(answers.filter(({ code }) => code !== undefined && code !== 'CONFLICT')).toEqual([])
    expect(valid).toBeDefined()
    await under.happen(1, 'role.grant')
    await arrivedAt(1)
    const secrets = won.map(({ value }) => value.rotateWebhookSecret.secret)
    expect(
      secrets.filter((held) => under.checked(receiver.received, held)[0] === 'genuine').length,
    ).toBeLessThanOrEqual(2)
  })

  it('is sent a test that nothing brought about', async () => {
    const { id, secret } = await listen()
    const { value } = await under.changeById('testWebhookEndpoint', id)
    await arrivedAt(1)
    expect(value.testWebhookEndpoint.delivery.eventId).toBe(receiver.received[0]?.id)
    expect(JSON.parse(receiver.received[0]?.body ?? '').type).toBe('webhook.test')
    expect(under.checked(receiver.received, secret)).toEqual(['genuine'])
  })

  it('is one of twenty at most, however many are made at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 30 }, () => under.change('createWebhookEndpoint', { url: receiver.url })),
    )
    expect(made.filter(({ code }) => code === undefined)).toHaveLength(20)
    expect(made.filter(({ code }) => code === 'CONFLICT')).toHaveLength(10)
    expect(await under.endpoints()).toHaveLength(20)
  })

  it('that nobody knows is not found, whatever is asked of it', async () => {
    for (const id of ['whe_unknown', '', 'usr_admin', "' OR 1=1 --"]) {
      for (const name of ['deleteWebhookEndpoint', 'rotateWebhookSecret', 'testWebhookEndpoint'])
        expect((await under.changeById(name, id)).code).toBe('NOT_FOUND')
      expect((await under.change('updateWebhookEndpoint', { id, description: 'x' })).code).toBe('NOT_FOUND')
      const since = '2030-01-01T00:00:00Z'
      expect((await under.change('replayWebhookDeliveries', { endpointId: id, since })).code).toBe('NOT_FOUND')
    }
    expect(await rowsWith('"whe_unknown"')).toEqual([])
  })
})

describe('what was sent', () => {
  it('is sent again since a moment, under the same ids, and what waits is left alone', async () => {
    const { id } = await listen()
    const happened = await under.happen(5, 'role.grant')
    await arrivedAt(5)
    await until(async () => (await under.deliveries({ status: 'DELIVERED' })).length === 5)
    const since = under.clock.now().toISOString()
    const nothing = await under.change('replayWebhookDeliveries', { endpointId: id, since })
    expect(nothing.value.replayWebhookDeliveries.count).toBe(0)
    const all = await under.change('replayWebhookDeliveries', { endpointId: id, since, statuses: ['DELIVERED'] })
    expect(all.value.replayWebhookDeliveries.count).toBe(5)
    await arrivedAt(10)
    expect(ids().slice(5).sort()).toEqual([...happened].sort())
  })

  it('is forgotten thirty days after it was tried last', async () => {
    await listen()
    await under.happen(3, 'role.grant')
    await until(async () => (await under.deliveries({ status: 'DELIVERED' })).length === 3)
    under.clock.advance(keptMs)
    await under.users.clean()
    expect(await under.deliveries()).toHaveLength(3)
    under.clock.advance(hourMs)
    await under.users.clean()
    expect(await under.deliveries()).toEqual([])
  })

  it('is listed page by page, and narrowed', async () => {
    await listen()
    await under.happen(3, 'role.grant')
    await until(async () => (await under.deliveries({ status: 'DELIVERED' })).length === 3)
    expect(await under.deliveries({}, 2)).toHaveLength(2)
    expect(await under.deliveries({ eventType: 'role.revoke' })).toEqual([])
    expect(await under.deliveries({ endpointId: 'whe_unknown' })).toEqual([])
    expect(await under.deliveries({ from: under.clock.now().toISOString() })).toHaveLength(3)
    expect(await under.deliveries({ to: under.clock.now().toISOString() })).toEqual([])
  })
})

describe('an address that leads inside', () => {
  it.each([
    ...[
      'https://10.0.0.1/',
      'https://169.254.169.254/latest/meta-data/',
      'https://[::1]/',
      'https://metadata.internal/',
    ],
    ...['https://unknown.example/', 'https://2130706434.example/', 'https://[fd00::1]/', 'https://192.168.0.1:8443/'],
  ])('is not taken: %s', async (url) => {
    names.set('metadata.internal', ['8.8.8.8', '169.254.169.254'])
    const { code, error } = await under.change('createWebhookEndpoint', { url })
    expect(code).toBe('BAD_USER_INPUT')
    // One answer for all: it does not say which names there are.
    expect(error?.extensions?.fields).toEqual({ 'input.url': expect.stringContaining('must lead to public addresses') })
    expect(await under.endpoints()).toEqual([])
  })

  it('is not sent to either, when its name leads there only later', async () => {
    names.set('receiver.example', ['127.0.0.1'])
    const { id } = await listen(receiver.url.replace('127.0.0.1', 'receiver.example'))
    names.set('receiver.example', ['10.0.0.1'])
    await under.happen(1, 'role.grant')
    await until(async () => (await under.deliveries({ endpointId: id }))[0]?.failure === 'ADDRESS_REFUSED')
    expect(receiver.received).toEqual([])
    const moved = await under.change('updateWebhookEndpoint', { id, url: 'https://10.0.0.1/' })
    expect(moved.code).toBe('BAD_USER_INPUT')
  })
})

it('what is sealed is moved to the newest version of its secret, and opens without the old one', async () => {
  const { secret } = await listen()
  const material = rotated(under.material, 'data')
  const moving = under.unstarted({ keyring: createKeyring(material, systemEntropy) })
  await moving.secretVersions.reencrypt('data')
  const old = under.material.data?.[0]?.id ?? ''
  const left = (await moving.secretVersions.counts()).filter(({ version }) => version === old)
  expect(left.filter(({ column }) => column.startsWith('users.webhook_endpoints')).map(({ rows }) => rows)).toEqual([])
  await under.users.close()
  await moving.auditChain.seal()
  const newest = { ...material, data: material.data?.slice(0, 1) ?? [] }
  await under.database.query(
    {
      name: 'test_webhooks_one_more',
      text: `INSERT INTO users.audit_records (id, at, actor_kind, action, outcome) VALUES ('moved_1', $1, 'user', 'role.grant', 'done')`,
    },
    [under.clock.now()],
  )
  await moving.auditChain.seal()
  under.replica({ keyring: createKeyring(newest, systemEntropy) })
  await arrivedAt(1)
  expect(under.checked(receiver.received, secret)).toEqual(['genuine'])
})
