/** What a copy of the stores and the logs tells whoever takes it: nothing. And of whoever was erased not even that they were. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { arrive, type Hidden, type Leaver, leave, stories } from './dump/stories.ts'
import { aKey, ask, bearer, nobody, signedIn } from './support/client.ts'
import { type Dump, dumpOf, readableIn } from './support/dump.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

/** Where the id of somebody who was erased may stand: it names nobody any more. */
const pseudonymsIn = [
  ...['users.audit_records', 'users.erasures', 'sessions.audit_records', 'sessions.revocations'],
  ...['api_keys.audit_records', 'api_keys.api_keys', 'api_keys.forgotten_owners'],
]

const refreshOperation = 'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }'

const holding = (dump: Dump, text: string) =>
  dump.filter((piece) => `${piece.where}${piece.text}`.includes(text)).map(({ where }) => where)

inEveryTopology((name) => {
  let house: Topology
  let person: Leaver
  let stays: Leaver
  let hidden: Hidden = {}
  beforeAll(async () => {
    house = await startTopology(name, { settings: { LATCHKEY_LOG_LEVEL: 'debug' } })
    const [leaver, stayer] = [await arrive(house, 'Perpetua'), await arrive(house, 'Ignatius')]
    person = leaver.person
    stays = stayer.person
    const ofStayer = Object.entries(stayer.hidden).map(([what, text]) => [`the other’s ${what}`, text])
    hidden = { ...leaver.hidden, ...Object.fromEntries(ofStayer) }
  })
  afterAll(() => house?.stop())

  it.each(stories)('somebody $name', async ({ play }) => {
    hidden = { ...hidden, ...(await play(house, person)) }
  })

  it('tells nothing of it: no password, token, secret or personal column can be read', async () => {
    const dump = await dumpOf(house)
    expect(readableIn(dump, hidden)).toEqual([])
    expect(Object.keys(hidden).length).toBeGreaterThan(15)
    // The dump is whole: what may be read in it is there.
    for (const { userId, sessionId } of [person, stays]) {
      expect(holding(dump, userId)).toEqual(expect.arrayContaining(['users.accounts', 'users.audit_records']))
      expect(holding(dump, sessionId).some((where) => where.startsWith('redis '))).toBe(true)
    }
    expect(dump.find(({ where }) => where === 'log')?.text).toMatch(/./)
  })

  it('tells after an erasure no more than that somebody was there: the id, in records, ledger and revocations', async () => {
    const [gateway] = house.gateways
    const key = await aKey(gateway, person, ['profile:read'])
    hidden = { ...hidden, 'second key': key.secret.slice(-40), ...(await leave(house, person)) }
    expect(await house.operate('erase-user', person.email)).toContain('The account is erased')
    const dump = await dumpOf(house)
    expect(readableIn(dump, hidden)).toEqual([])
    const places = new Set(holding(dump, person.userId))
    expect([...places].filter((where) => !pseudonymsIn.includes(where) && where !== 'log')).toEqual([])
    expect([...places]).toEqual(expect.arrayContaining(['users.erasures', 'users.audit_records', 'api_keys.api_keys']))
    const keys = dump.filter(({ where, text }) => where === 'api_keys.api_keys' && text.includes(person.userId))
    for (const { text } of keys) expect(JSON.parse(text)).toMatchObject({ name: '', revoked_reason: null })
  })

  it('finds nothing that was born while a person was erased: sign-ins, refreshed sessions, keys, registrations', async () => {
    const { person: racer, hidden: ofRacer } = await arrive(house, 'Eudoxia')
    const [gateway, other] = house.gateways
    const again = { email: racer.email, password: racer.password }
    const racing = Array.from({ length: 12 }, async (_, at) => {
      const door = at % 2 ? other : gateway
      await signedIn(door, again).catch(() => null)
      await aKey(door, racer, ['profile:read']).catch(() => null)
      await ask(door, nobody, refreshOperation, { token: racer.refreshToken })
      await ask(door, bearer(racer.accessToken), 'mutation { requestDataExport { dataExport { id } } }')
    })
    const erased = house.operate('erase-user', racer.email)
    await Promise.all([...racing, erased])
    expect(await erased).toContain('The account is erased')
    const file = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'ledger.ndjson')
    expect(await house.operate('erasures', 'export', file)).toMatch(/holds 2 erasures/)
    expect(readFileSync(file, 'utf8')).toContain(racer.userId)
    // What the job does ten minutes later by itself: erase once more what was under way.
    expect(await house.operate('erasures', 'replay', file)).toContain('2 erasures replayed: 0 accounts had come back')
    const dump = await dumpOf(house)
    expect(readableIn(dump, ofRacer)).toEqual([])
    const places = new Set(holding(dump, racer.userId))
    expect([...places].filter((where) => !pseudonymsIn.includes(where) && where !== 'log')).toEqual([])
    const keys = dump.filter(({ where, text }) => where === 'api_keys.api_keys' && text.includes(racer.userId))
    for (const { text } of keys) {
      expect(JSON.parse(text)).toMatchObject({ name: '', revoked_reason: null })
      expect(JSON.parse(text).revoked_at).not.toBeNull()
    }
  })

  it('refuses whoever was erased everywhere, and nobody else', async () => {
    for (const gateway of house.gateways) {
      expect((await ask(gateway, bearer(person.accessToken), '{ me { id } }')).status).toBe(401)
      const { data } = await ask(gateway, bearer(stays.accessToken), '{ me { id email displayName } }')
      expect(data.me).toEqual({ id: stays.userId, email: stays.email, displayName: stays.displayName })
    }
  })
})

describe('looking for a secret', () => {
  const secret = 'correct horse battery'
  const dump = (text: string) => [{ where: 'somewhere', text }]

  it.each([
    ['plainly', `{"a":"${secret}"}`],
    ['in lower case', secret.toLowerCase()],
    ['in hex', `\\x${Buffer.from(`x${secret}x`).toString('hex')}`],
    ...[0, 1, 2, 3].map((before) => [
      'in base64',
      Buffer.from(`${'x'.repeat(before)}${secret}yyyy`).toString('base64'),
    ]),
    ['in a URL', encodeURIComponent(secret)],
  ])('finds it %s', (_, text) => {
    expect(readableIn(dump(text), { password: secret })).toHaveLength(1)
  })

  it('finds nothing where it is not, and does not look for what chance could write', () => {
    expect(readableIn(dump('nothing to see'), { password: secret })).toEqual([])
    expect(() => readableIn(dump(''), { code: '12345' })).toThrow(/too short/)
  })
})
