/** Streams of events: who is told what, and when it ends. */
import { minuteMs, systemClock } from '@latchkey/clock'
import type { SessionRecord } from '@latchkey/principal/credential-records'
import { redisCredentialRecords } from '@latchkey/principal/credential-records.redis'
import { openRedis } from '@latchkey/principal/redis'
import { storePatienceMs } from '@latchkey/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aKey,
  anAdministrator,
  apiKey,
  ask,
  bearer,
  codesOf,
  nobody,
  type Person,
  registered,
  type SignedIn,
  signedIn,
} from './support/client.ts'
import { endOf, type OpenStream, subscribe } from './support/streams.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const sessionEnded = /* GraphQL */ `
  subscription ($id: ID) { sessionEnded(id: $id) { sessionId reason at user { id email apiKeys { name } } } }`
const securityEvent = 'subscription { securityEvent { id kind by device } }'
const apiKeyUsed = /* GraphQL */ `
  subscription ($id: ID!) { apiKeyUsed(id: $id) { uses refused at apiKey { id name status } } }`
const revoke = 'mutation ($id: ID!) { revokeSession(id: $id) { sessionId } }'
const signOut = 'mutation { signOut { sessionId } }'
const me = '{ me { id } }'

inEveryTopology((name) => {
  let house: Topology
  let person: Person
  const open: OpenStream[] = []
  beforeAll(async () => {
    house = await startTopology(name, { settings: { LATCHKEY_LIMITS: 'off', LATCHKEY_LIMIT_ACCOUNT_STREAMS: '30' } })
    person = await registered(house.gateways[0])
  })
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= house?.stop()
    return stopped
  }
  afterAll(stop)

  const door = (at: number) => house.gateways[at % 2 ? 1 : 0]
  async function listen(...asked: Parameters<typeof subscribe>): Promise<OpenStream> {
    const stream = await subscribe(...asked)
    open.push(stream)
    return stream
  }
  const asPerson = async ({ accessToken }: SignedIn, query: string, variables: object = {}, at = 0) => {
    const answer = await ask(door(at), bearer(accessToken), query, variables)
    expect(codesOf(answer)).toEqual([])
    return answer.data
  }

  it('tell every device of a person which session ended, and why, with what other subgraphs know', async () => {
    const [phone, laptop, other] = [
      await signedIn(door(0), person),
      await signedIn(door(0), person),
      await signedIn(door(0)),
    ]
    const streams = [
      await listen(door(0), bearer(phone.accessToken), sessionEnded),
      await listen(door(1), bearer(phone.accessToken), sessionEnded, { method: 'GET' }),
    ]
    const ofLaptop = await listen(door(1), bearer(phone.accessToken), sessionEnded, {
      variables: { id: laptop.sessionId },
    })
    const ofPhone = await listen(door(1), bearer(phone.accessToken), sessionEnded, {
      variables: { id: phone.sessionId },
    })
    const ofOther = await listen(door(0), bearer(other.accessToken), sessionEnded)
    await asPerson(phone, revoke, { id: laptop.sessionId })
    for (const stream of [...streams, ofLaptop]) {
      await expect.poll(() => stream.told).toHaveLength(1)
      const told = stream.told[0]?.data.sessionEnded
      expect(told).toMatchObject({ sessionId: laptop.sessionId, reason: 'REVOKED' })
      expect(told.user).toEqual({ id: phone.userId, email: person.email, apiKeys: [] })
      expect(stream.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    }
    expect([ofPhone.told, ofOther.told]).toEqual([[], []])
    expect([...streams, ofLaptop, ofPhone, ofOther].map(({ isOver }) => isOver)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ])
  })

  it('end with the session they were opened with, at once and with the reason, and no other does', async () => {
    const [here, there] = [await signedIn(door(0), person), await signedIn(door(0), person)]
    const own = await Promise.all([0, 1].map((at) => listen(door(at), bearer(there.accessToken), sessionEnded)))
    const others = await Promise.all([0, 1].map((at) => listen(door(at), bearer(here.accessToken), sessionEnded)))
    await asPerson(here, revoke, { id: there.sessionId })
    for (const stream of own) {
      await expect.poll(() => stream.isOver).toBe(true)
      expect(endOf(stream)).toBe('CREDENTIAL_REJECTED REVOKED')
      expect(stream.completedAtMs).not.toBeNull()
      expect(stream.told.filter(({ data }) => data?.sessionEnded)).toEqual([])
    }
    for (const stream of others) await expect.poll(() => stream.told).toHaveLength(1)
    await asPerson(here, signOut)
    for (const stream of others) await expect.poll(() => endOf(stream)).toBe('CREDENTIAL_REJECTED SIGNED_OUT')
  })

  it('end as EXPIRED with a session whose time is over, which every other device is told once', async () => {
    const [here, there, idle, used] = [
      await signedIn(door(0), person),
      await signedIn(door(0), person),
      await signedIn(door(0), person),
      await signedIn(door(0), person),
    ]
    const nowMs = systemClock.now().getTime()
    const overAtMs = nowMs + 15_000
    await rewrite(house.redis, there, { endsAtMs: overAtMs })
    await rewrite(house.redis, idle, { idleMs: overAtMs + 1 - nowMs, lastSeenAtMs: nowMs })
    // So long ago that the next use is written down, and puts the end off.
    const seldomMs = 6 * minuteMs
    await rewrite(house.redis, used, { idleMs: seldomMs + 15_000, lastSeenAtMs: nowMs - seldomMs })
    const streamsOf = (who: SignedIn) =>
      Promise.all([0, 1].map((at) => listen(door(at), bearer(who.accessToken), sessionEnded)))
    const [others, ofThere, ofIdle, ofUsed] = [
      await streamsOf(here),
      await streamsOf(there),
      await streamsOf(idle),
      await streamsOf(used),
    ]
    for (const stream of [...ofThere, ...ofIdle]) {
      await expect.poll(() => stream.isOver, { timeout: 30_000 }).toBe(true)
      expect(endOf(stream)).toBe('CREDENTIAL_REJECTED EXPIRED')
      expect(stream.completedAtMs).not.toBeNull()
    }
    expect(codesOf(await ask(door(0), bearer(there.accessToken), me))).toEqual(['CREDENTIAL_REJECTED'])
    for (const stream of [...others, ...ofUsed]) {
      const told = () =>
        stream.told.map(({ data }) => data?.sessionEnded).toSorted((one, two) => (one.at < two.at ? -1 : 1))
      await expect.poll(told).toMatchObject([
        { sessionId: there.sessionId, reason: 'EXPIRED', at: new Date(overAtMs).toISOString() },
        { sessionId: idle.sessionId, reason: 'EXPIRED', at: new Date(overAtMs + 1).toISOString() },
      ])
      expect(stream.isOver).toBe(false)
    }
  })

  it('tell of what happens to the account once it is on record', async () => {
    const phone = await signedIn(door(0), person)
    const stream = await listen(door(1), bearer(phone.accessToken), securityEvent)
    const update = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }'
    const { me: before } = await asPerson(phone, '{ me { version } }')
    await asPerson(phone, update, { input: { version: before.version, givenName: 'Ada' } })
    // Refused, so that nothing is on record.
    await ask(door(0), bearer(phone.accessToken), update, { input: { version: before.version, givenName: 'Eve' } })
    await expect.poll(() => stream.told.map(({ data }) => data.securityEvent.kind)).toEqual(['PROFILE_CHANGED'])
    const listed = await asPerson(phone, '{ me { securityEvents(first: 1) { nodes { id } } } }')
    expect(stream.told[0]?.data.securityEvent).toMatchObject({ id: listed.me.securityEvents.nodes[0].id, by: 'YOU' })
  })

  it('tell owners that a key is used, at most once in a second by each gateway', async () => {
    const phone = await signedIn(door(0), person)
    const { secret, apiKey: key } = await aKey(door(0), phone, ['profile:read', 'keys:read'])
    const stream = await listen(door(1), bearer(phone.accessToken), apiKeyUsed, { variables: { id: key.id } })
    const byKey = await listen(door(0), apiKey(secret), apiKeyUsed, { variables: { id: key.id } })
    const begun = performance.now()
    for (let n = 0; n < 40; n++) await ask(door(0), apiKey(secret), n % 4 ? me : '{ roles { name } }')
    // The stream with the key is a use of it, too.
    const sum = () => stream.told.reduce((uses, { data }) => uses + data.apiKeyUsed.uses, 0)
    await expect.poll(sum).toBeGreaterThanOrEqual(40)
    const seconds = (performance.now() - begun) / 1_000
    expect(stream.told.length).toBeLessThanOrEqual(seconds + 2)
    expect(stream.told.reduce((refused, { data }) => refused + data.apiKeyUsed.refused, 0)).toBe(10)
    expect(stream.told[0]?.data.apiKeyUsed.apiKey).toMatchObject({ id: key.id, name: 'reader' })
    expect(byKey.told.length).toBeGreaterThan(0)
    await asPerson(phone, 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }', { id: key.id })
    await expect.poll(() => endOf(byKey)).toBe('CREDENTIAL_REJECTED REVOKED')
    expect(stream.isOver).toBe(false)
  })

  it('end when the account is suspended or loses what they asked for', async () => {
    const [chief, member, reader] = [await anAdministrator(house), await signedIn(door(0)), await signedIn(door(0))]
    const createRole = `mutation ($name: String!) { createRole(input: { name: $name, description: "A story", scopes: ["users:read"] }) { role { name } } }`
    const role = `streams-${name}-${Date.now()}`
    await asPerson(chief, createRole, { name: role })
    const grant = `mutation ($userId: ID!, $role: String!) { grantRole(input: { userId: $userId, role: $role }) { outcome } }`
    await asPerson(chief, grant, { userId: reader.userId, role })
    const looking = 'subscription { sessionEnded { user { id externalId } } }'
    const [suspended, demoted, plain] = [
      await listen(door(1), bearer(member.accessToken), sessionEnded),
      await listen(door(1), bearer(reader.accessToken), looking),
      await listen(door(1), bearer(reader.accessToken), sessionEnded),
    ]
    expect(endOf(demoted)).toBe('undefined undefined')
    await asPerson(
      chief,
      'mutation ($id: ID!) { suspendUser(input: { id: $id, reason: "A story" }) { user { status } } }',
      {
        id: member.userId,
      },
    )
    await expect.poll(() => endOf(suspended)).toBe('CREDENTIAL_REJECTED ACCOUNT_NOT_ACTIVE')
    await asPerson(
      chief,
      `mutation ($userId: ID!, $role: String!) { revokeRole(input: { userId: $userId, role: $role }) { outcome } }`,
      {
        userId: reader.userId,
        role,
      },
    )
    await expect.poll(() => endOf(demoted)).toBe('FORBIDDEN NOT_PERMITTED_ANY_MORE')
    expect(plain.isOver).toBe(false)
  })

  it('tell the session that changed the password which others have ended with it', async () => {
    const owner = await registered(door(0))
    const [here, there] = [await signedIn(door(0), owner), await signedIn(door(1), owner)]
    const [heard, own] = [
      await listen(door(1), bearer(here.accessToken), sessionEnded),
      await listen(door(0), bearer(there.accessToken), sessionEnded),
    ]
    const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { outcome } }'
    const input = { currentPassword: owner.password, newPassword: `${owner.password} and another one` }
    expect(await asPerson(here, change, { input })).toEqual({ changePassword: { outcome: 'CHANGED' } })
    await expect.poll(() => endOf(own)).toBe('CREDENTIAL_REJECTED SESSION_ENDED_BY_ACCOUNT')
    await expect
      .poll(() => heard.told.map(({ data }) => data.sessionEnded))
      .toMatchObject([{ sessionId: there.sessionId, reason: 'PASSWORD_CHANGED', user: { id: here.userId } }])
    expect(heard.isOver).toBe(false)
    expect((await asPerson(here, '{ me { sessions { id } } }')).me.sessions).toEqual([{ id: here.sessionId }])
  })

  describe('refuse', () => {
    it('nobody, a bad credential, what is not permitted, and what is somebody else’s', async () => {
      const phone = await signedIn(door(0), person)
      const other = await signedIn(door(0))
      const { apiKey: theirs, secret } = await aKey(door(0), other, ['profile:read'])
      const refused = async (...asked: Parameters<typeof subscribe>) => {
        const { status, body } = await listen(...asked)
        return `${status} ${body?.errors?.[0]?.extensions.code}`
      }
      expect(await refused(door(0), nobody, sessionEnded)).toBe('401 UNAUTHENTICATED')
      expect(await refused(door(0), bearer('a.b.c'), sessionEnded)).toBe('401 CREDENTIAL_REJECTED')
      expect(await refused(door(0), apiKey(secret), sessionEnded)).toBe('403 FORBIDDEN')
      expect(await refused(door(0), bearer(phone.accessToken), 'subscription { nothing }')).toBe(
        '400 GRAPHQL_VALIDATION_FAILED',
      )
      expect(await refused(door(0), bearer(phone.accessToken), apiKeyUsed)).toBe('400 BAD_USER_INPUT')
      const foreign = await listen(door(0), bearer(phone.accessToken), apiKeyUsed, { variables: { id: theirs.id } })
      await expect.poll(() => foreign.isOver).toBe(true)
      expect(endOf(foreign)).toBe('NOT_FOUND undefined')
      const byKey = await listen(door(0), apiKey(secret), securityEvent)
      await expect.poll(() => endOf(byKey)).toBe('FORBIDDEN undefined')
    })

    it('to answer a subscription but by events, and say what to send', async () => {
      const phone = await signedIn(door(0), person)
      for (let turn = 0; turn < 2; turn++) {
        const answer = await ask(door(0), bearer(phone.accessToken), sessionEnded)
        expect(answer.status).toBe(406)
        expect(answer.errors[0]?.message).toContain('Accept: text/event-stream')
      }
      expect((await ask(door(0), nobody, sessionEnded)).status).toBe(401)
    })

    it('one stream more than a session or an account may have, and take another when one was left', async () => {
      const [phone, laptop] = [await signedIn(door(0)), await signedIn(door(0), person)]
      const tried = async (who: SignedIn) => {
        const stream = await listen(door(0), bearer(who.accessToken), sessionEnded)
        return stream.status === 200 ? stream : `${stream.status} ${stream.body?.errors?.[0]?.extensions.code}`
      }
      const all = await Promise.all(Array.from({ length: 25 }, () => tried(phone)))
      const let_ = all.filter((one) => typeof one !== 'string')
      expect(let_).toHaveLength(20)
      expect(all.filter((one) => one === '429 RATE_LIMITED')).toHaveLength(5)
      let_[0]?.leave()
      await expect.poll(async () => typeof (await tried(phone))).toBe('object')
      expect(typeof (await tried(laptop))).toBe('object')
    })
  })

  it('answer what has one answer as one event, where the client takes nothing else', async () => {
    const phone = await signedIn(door(0), person)
    const once = await listen(door(0), bearer(phone.accessToken), me)
    await expect.poll(() => once.isOver).toBe(true)
    expect(once.told).toEqual([{ data: { me: { id: phone.userId } } }])
    expect(once.completedAtMs).not.toBeNull()
    const either = await listen(door(0), bearer(phone.accessToken), me, {
      accept: 'application/json, text/event-stream',
    })
    expect(either.body).toEqual({ data: { me: { id: phone.userId } } })
    const stream = await listen(door(0), bearer(phone.accessToken), sessionEnded, {
      accept: 'application/json, text/event-stream',
    })
    await expect.poll(() => stream.beats).toBe(1)
    expect([stream.body, stream.isOver]).toEqual([null, false])
  })

  it('end when nobody can be heard who would end them, and begin again when somebody can', async () => {
    const phone = await signedIn(door(0))
    const streams = await Promise.all([0, 1].map((at) => listen(door(at), bearer(phone.accessToken), sessionEnded)))
    await deafen(house.redis)
    for (const stream of streams) {
      await expect.poll(() => stream.isOver).toBe(true)
      expect(endOf(stream)).toBe('UNAVAILABLE NOT_HEARD')
    }
    const again = async (at: number) => (await listen(door(at), bearer(phone.accessToken), sessionEnded)).status
    for (const at of [0, 1]) await expect.poll(() => again(at)).toBe(200)
  })

  it('tell everybody to come back, at a moment of their own, when the gateway is told to stop', async () => {
    const phone = await signedIn(door(0))
    const streams = await Promise.all(
      [0, 1, 0, 1].map((at) => listen(door(at), bearer(phone.accessToken), sessionEnded)),
    )
    await stop()
    for (const stream of streams) {
      await expect.poll(() => stream.isOver).toBe(true)
      expect(endOf(stream)).toBe('UNAVAILABLE SHUTTING_DOWN')
      expect(stream.completedAtMs).not.toBeNull()
    }
    const waits = streams.map(({ told }) => Number(told.at(-1)?.errors?.[0]?.extensions.retryAfterMs))
    expect(new Set(waits).size).toBeGreaterThan(1)
    expect(Math.max(...waits)).toBeLessThanOrEqual(3_000)
  })
})

/** Says of a session that it has another end than it has, for nobody waits for the shortest that can be set. */
async function rewrite(
  { url, prefix }: Topology['redis'],
  { sessionId, userId }: SignedIn,
  change: Partial<SessionRecord>,
) {
  const redis = openRedis(url, storePatienceMs)
  await redis.connect()
  const records = redisCredentialRecords({ redis, prefix })
  const { session } = await records.session(sessionId, userId)
  if (!session) throw new Error(`there is no session ${sessionId}`)
  await records.putSession({ ...session, ...change })
  redis.disconnect()
}

/** Breaks the connections over which gateways hear of accounts. */
async function deafen({ url, prefix }: Topology['redis']): Promise<void> {
  const redis = openRedis(url, storePatienceMs)
  await redis.connect()
  const clients = String(await redis.client('LIST', 'TYPE', 'PUBSUB')).split('\n')
  const ids = clients.filter((line) => line.includes(` name=${prefix}news `)).map((line) => /^id=(\d+)/.exec(line)?.[1])
  expect(ids.length).toBeGreaterThan(0)
  for (const id of ids) if (id) await redis.client('KILL', 'ID', id)
  redis.disconnect()
}
