/** What a copy of the stores and the logs tells whoever takes it: nothing. And of whoever was erased not even that they were. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { minuteMs } from '@latchkey/clock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bringAlong, deleteUser, inviteAndSuspend } from './dump/administration.ts'
import { arrive, type Hidden, type Leaver, type Played, perform, secretsInMails, signInAgain } from './dump/person.ts'
import { type OpenedService, opensAServiceAccount } from './dump/service-accounts.ts'
import { leave, stories } from './dump/stories.ts'
import { aKey, apiKey, ask, bearer, codesOf, nobody, signedIn } from './support/client.ts'
import { type Dump, dumpOf, readableIn, rowsOf } from './support/dump.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

/** Where the id of somebody who was erased may stand: it names nobody any more. */
const pseudonymsIn = [
  ...['users.audit_records', 'users.erasures', 'sessions.audit_records', 'sessions.revocations'],
  ...['api_keys.audit_records', 'api_keys.api_keys', 'api_keys.forgotten_owners'],
]

/** Tables that an erasure adds to, and takes nothing from. */
const grows = [
  'users.audit_records',
  'users.audit_links',
  'users.audit_unlinked',
  'users.audit_heads',
  'users.erasures',
]

/** What ends by itself before an erasure is settled, ten minutes later. */
const isPassing = ({ endsInMs }: Dump[number]) => endsInMs !== undefined && endsInMs <= 5 * minuteMs

const refreshOperation = 'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }'

const holding = (dump: Dump, text: string) =>
  dump.filter((piece) => `${piece.where}${piece.text}`.includes(text)).map(({ where }) => where)

/** Where an id stands that is no pseudonym's place, and does not end by itself. */
const strangePlaces = (dump: Dump, userId: string) =>
  holding(
    dump.filter((piece) => !(/^redis .*:(?:pending|owner-budget|cost-budget):/.test(piece.where) && isPassing(piece))),
    userId,
  ).filter((where) => !pseudonymsIn.includes(where) && where !== 'log')

/** Everything in there that has the length of an id, a MAC or a token. */
const wordsOf = (dump: Dump): readonly string[] => [
  ...new Set(dump.flatMap(({ where, text }) => `${where} ${text}`.match(/[\w-]{20,}(?:\.[\w-]+)*/g) ?? [])),
]

const usersRows = (dump: Dump) =>
  Object.fromEntries(
    Object.entries(rowsOf(dump)).filter(([table]) => table.startsWith('users.') && !grows.includes(table)),
  )

const under = (whose: string, hidden: Hidden): Hidden =>
  Object.fromEntries(Object.entries(hidden).map(([what, text]) => [`${whose}: ${what}`, text]))

inEveryTopology((name) => {
  let house: Topology
  let person: Leaver
  let stays: Leaver
  let hidden: Hidden = {}
  let untilErased: Hidden = {}
  let passing: Hidden = {}
  let rowsBefore: Readonly<Record<string, number>> = {}

  function add(whose: string, played: Played): void {
    hidden = { ...hidden, ...under(whose, played.hidden) }
    untilErased = { ...untilErased, ...under(whose, played.untilErased ?? {}) }
    passing = { ...passing, ...under(whose, played.passing ?? {}) }
    person = played.person ?? person
  }
  /** What can be read and must not be. Once everybody who leaves is erased, their own words are among it. */
  const leaks = (dump: Dump, erased: Hidden = {}) => [
    ...readableIn(dump, { ...hidden, ...erased }),
    ...readableIn(
      dump.filter((piece) => !isPassing(piece)),
      passing,
    ),
  ]

  beforeAll(async () => {
    house = await startTopology(name, { settings: { LATCHKEY_LOG_LEVEL: 'debug' } })
    const stayer = await arrive(house, 'Ignatius')
    await house.grantRole(stayer.person.email, 'admin')
    stays = await signInAgain(house.gateways[0], stayer.person)
    add('the administrator', stayer)
    rowsBefore = usersRows(await dumpOf(house))
    add('the person', await arrive(house, 'Perpetua'))
  })
  afterAll(() => house?.stop())

  it.each(stories)('somebody $name', async ({ name: story, play }) => {
    add(story, await play(house, person, stays))
  })

  let invited: Leaver
  let brought: { readonly userId: string; readonly addresses: readonly string[] }
  it('somebody is invited and then suspended, somebody else is brought from another system', async () => {
    const [played, other] = [await inviteAndSuspend(house, stays), await bringAlong(house, stays)]
    invited = played.person
    brought = other
    add('the invited', { hidden: played.hidden })
    add('the imported', other)
  })

  let service: OpenedService
  it('somebody answers for a service account, which has a key', async () => {
    service = await opensAServiceAccount(house, stays, person)
    add('the service account', service)
  })

  it('tells nothing of it: no password, token, code, secret or personal column can be read', async () => {
    for (const one of [person, stays, invited, brought])
      add(one.addresses.join(), { hidden: await secretsInMails(house, one) })
    const dump = await dumpOf(house)
    expect(leaks(dump)).toEqual([])
    expect(Object.keys(hidden).length).toBeGreaterThan(120)
    // The dump is whole: what may be read in it is there. Sessions are kept by their ids, in the keys of Redis, and of a
    // refresh token only how often it was renewed.
    for (const { userId, sessionId } of [person, stays]) {
      expect(holding(dump, userId)).toEqual(expect.arrayContaining(['users.accounts', 'users.audit_records']))
      expect(holding(dump, sessionId).some((where) => where.startsWith('redis '))).toBe(true)
    }
    for (const [what, text] of Object.entries({ ...untilErased, ...passing }))
      expect([what, holding(dump, text)]).toEqual([what, expect.arrayContaining([expect.anything()])])
    expect(dump.find(({ where }) => where === 'log')?.text).toMatch(/./)
    const tables = ['totp_factors', 'recovery_codes', 'passkeys', 'passkey_enrolments', 'email_codes', 'data_exports']
    for (const table of [...tables, 'mail_allowances', 'outbox', 'one_time_tokens'])
      expect([table, rowsOf(dump)[`users.${table}`]]).toEqual([table, expect.any(Number)])
  })

  it('holds nothing that opens anything: no id, key or MAC in it is taken for a token', async () => {
    const dump = await dumpOf(house)
    const kept = wordsOf(dump.filter(({ where }) => /^redis .*:(session|sessions|refresh|pending):/.test(where)))
    const sent = wordsOf(dump.filter(({ where }) => where === 'users.one_time_tokens'))
    expect([kept.length > 10, sent.length > 10]).toEqual([true, true])
    const [gateway, other] = house.gateways
    for (const word of kept) {
      for (const credential of [bearer(word), apiKey(word)])
        expect(codesOf(await ask(gateway, credential, '{ me { id } }'))).toEqual(['CREDENTIAL_REJECTED'])
      const { data } = await ask(other, nobody, refreshOperation, { token: word })
      expect(data.refreshSession.__typename).toBe('SignInRefused')
    }
    for (const token of sent)
      for (const mutation of ['verifyEmail', 'confirmEmailChange', 'undoEmailChange', 'undoDeletion', 'reportNotMe'])
        expect(await perform(gateway, nobody, mutation, { token }, 'outcome')).toEqual({ outcome: 'REFUSED' })
  })

  it('tells after an erasure no more than that somebody was there: the id, in records, ledger and revocations', async () => {
    const [gateway] = house.gateways
    const key = await aKey(gateway, person, ['profile:read'])
    add('leaving', { hidden: { 'second key': key.secret.slice(-40), ...(await leave(house, person)) } })
    for (const { userId } of [invited, brought]) add(userId, { hidden: await deleteUser(house, stays, userId) })
    for (const one of [person, invited, brought])
      add(`${one.userId} at last`, { hidden: await secretsInMails(house, one) })
    expect(leaks(await dumpOf(house))).toEqual([])

    for (const who of [person.email, invited.email, brought.userId, service.userId])
      expect(await house.operate('erase-user', who)).toContain('The account is erased')
    const dump = await dumpOf(house)
    expect(leaks(dump, untilErased)).toEqual([])
    for (const { userId } of [person, invited, brought, service]) {
      expect(strangePlaces(dump, userId)).toEqual([])
      expect(holding(dump, userId)).toEqual(expect.arrayContaining(['users.erasures', 'users.audit_records']))
    }
    const keys = dump.filter(({ where, text }) => where === 'api_keys.api_keys' && text.includes(person.userId))
    expect(keys.length).toBeGreaterThan(2)
    for (const { text } of keys)
      expect(JSON.parse(text)).toMatchObject({ name: '', description: '', metadata: {}, revoked_reason: null })
    const lasting = dump.filter(({ where, text, endsInMs = Number.POSITIVE_INFINITY }) => {
      return where.startsWith('redis ') && endsInMs > 15 * minuteMs && !`${where}${text}`.includes(stays.userId)
    })
    // Of tries on an address that nobody has, a day's count is kept under a MAC; of those on theirs, none.
    const counts = lasting.filter(({ where }) => where.includes('attempts:{identifier:'))
    const theirs = [person, invited].map(({ email }) => {
      const { keyId, mac } = house.secrets.keyring.mac('identifier', `attempted ${email.toLowerCase()}`)
      return `${keyId}.${mac.toString('base64url')}`
    })
    expect(counts.filter(({ where }) => theirs.some((index) => where.includes(index)))).toEqual([])
    // What waits to be counted of uses of keys names keys; all of it was counted.
    const waiting = lasting.filter(({ where }) => where.endsWith(':key-usage'))
    expect(waiting.map(({ text }) => text)).toEqual(['[]'])
    // That a key was let in from somewhere is kept for an hour under a MAC that names neither.
    const welcomes = lasting.filter(({ where }) => /:welcome-key:\{[\w-]+\}:[\w-]+$/.test(where))
    const known = [...counts, ...waiting, ...welcomes]
    expect(lasting.flatMap((piece) => (known.includes(piece) ? [] : [piece.where]))).toEqual([
      expect.stringMatching(/:revocations-applied$/),
    ])
    // Nor a row that only says that there was somebody: Users holds as many as before they came.
    await expect.poll(async () => usersRows(await dumpOf(house))).toEqual(rowsBefore)
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
    expect(await house.operate('erasures', 'export', file)).toMatch(/holds 5 erasures/)
    expect(readFileSync(file, 'utf8')).toContain(racer.userId)
    // What the job does ten minutes later by itself: erase once more what was under way.
    expect(await house.operate('erasures', 'replay', file)).toContain('5 erasures replayed: 0 accounts had come back')
    const dump = await dumpOf(house)
    expect(readableIn(dump, ofRacer)).toEqual([])
    expect(strangePlaces(dump, racer.userId)).toEqual([])
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
