import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { dayMs, minuteMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import type { CredentialRecords, GrantsRecord, SessionRecord } from '@latchkey/principal/credential-records'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { silentLogger } from '@latchkey/telemetry'
import { SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { createAccessTokenRecogniser } from './access-token.ts'

const issuer = 'https://id.example'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const start = '2030-01-01T00:00:00Z'
const startMs = Date.parse(start)

const session: SessionRecord = {
  sessionId: 'ses_1',
  userId: 'usr_ada',
  amr: ['pwd', 'otp'],
  acr: 'aal2',
  authTimeMs: startMs - 5_500,
  createdAtMs: startMs,
  lastSeenAtMs: startMs,
  endsAtMs: startMs + dayMs,
  device: 'Firefox',
}
const grants: GrantsRecord = { userId: 'usr_ada', epoch: 1, active: true, roles: ['user'], scopes: ['profile:read'] }

interface Wording {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  key?: Parameters<SignJWT['sign']>[0]
}

const write = ({ header = {}, claims = {}, key = privateKey }: Wording = {}) =>
  new SignJWT({
    iss: issuer,
    aud: 'latchkey',
    sub: 'usr_ada',
    sid: 'ses_1',
    iat: startMs / 1_000,
    exp: startMs / 1_000 + 600,
    auth_time: startMs / 1_000 - 6,
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1', ...header })
    .sign(key)

async function house({ putGrants = true } = {}) {
  const clock = clockAt(start)
  const records = memoryCredentialRecords({ clock })
  await records.putSession(session)
  if (putGrants) await records.putGrants(grants)
  const asked = { keys: 0, grants: 0, sessions: 0, touches: 0 }
  const counted: CredentialRecords = {
    ...records,
    session: (...names) => {
      asked.sessions += 1
      return records.session(...names)
    },
    touchSession: (...seen) => {
      asked.touches += 1
      return records.touchSession(...seen)
    },
  }
  let known: GrantsRecord | null = grants
  const recognise = createAccessTokenRecogniser({
    records: counted,
    verificationKey: async (kid) => {
      asked.keys += 1
      return kid === 'k1' ? publicKey : null
    },
    loadGrants: async () => {
      asked.grants += 1
      if (known) await records.putGrants(known)
      return known
    },
    issuer,
    clock,
    logger: silentLogger,
  })
  return {
    clock,
    records,
    asked,
    present: async (token: string) => (await recognise({ authorization: `Bearer ${token}` }))?.principal,
    recognise,
    forgetGrants: (then: GrantsRecord | null) => {
      known = then
    },
  }
}

const rejection = { code: 'CREDENTIAL_REJECTED' }

describe('an access token of a session that was stepped up', () => {
  const at = startMs / 1_000
  const raised: SessionRecord = {
    ...{ ...session, amr: ['pwd'], acr: 'aal1', authTimeMs: startMs },
    raised: { amr: ['pwd', 'otp', 'mfa'], untilMs: startMs + 10 * minuteMs },
  }
  const stepped = async () => {
    const house_ = await house()
    await house_.records.putSession(raised)
    return house_
  }

  it('issued since, is two factors for ten minutes, and as recent as the proof for good', async () => {
    const { present, clock } = await stepped()
    const token = await write({ claims: { auth_time: at, acr: 'aal2', exp: at + 3_600 } })
    const strong = { amr: ['pwd', 'otp', 'mfa'], acr: 'aal2', authTime: at }
    expect(await present(token)).toMatchObject(strong)
    clock.advance(10 * minuteMs - 1)
    expect(await present(token)).toMatchObject(strong)
    clock.advance(1)
    expect(await present(token)).toMatchObject({ amr: ['pwd'], acr: 'aal1', authTime: at })
  })

  it('issued before, gains nothing: whoever had stolen it is no stronger', async () => {
    const { present } = await stepped()
    const since = await write({ claims: { auth_time: at, acr: 'aal2' } })
    // The last was issued in the second of the proof, and before it.
    for (const claims of [
      { auth_time: at - 6, acr: 'aal2' },
      { auth_time: undefined },
      { auth_time: at, acr: 'aal1' },
    ]) {
      const before = await present(await write({ claims }))
      expect(before).toMatchObject({ amr: ['pwd'], acr: 'aal1', authTime: claims.auth_time ?? 0 })
    }
    expect(await present(since)).toMatchObject({ acr: 'aal2', authTime: at })
  })
})

describe('an access token of a staff member in somebody’s place', () => {
  const staffGrants: GrantsRecord = {
    ...{ userId: 'usr_staff', epoch: 1, active: true, roles: ['support'] },
    scopes: ['profile:read', 'profile:write', 'keys:read', 'sessions:impersonate', 'users:read'],
  }
  const theirs = { ...grants, scopes: ['profile:read', 'profile:write', 'keys:read', 'keys:write', 'vault:read'] }
  const staffSession: SessionRecord = { ...session, sessionId: 'ses_staff', userId: 'usr_staff' }
  const acting = async () => {
    const house_ = await house({ putGrants: false })
    const { records } = house_
    const record = { ...session, amr: [], acr: 'aal1', authTimeMs: 0, endsAtMs: startMs + 30 * minuteMs } as const
    await records.putSession({ ...record, act: { sub: 'usr_staff', sid: 'ses_staff', write: false } })
    await records.putGrants(theirs)
    await records.putSession(staffSession)
    await records.putGrants(staffGrants)
    const token = await write({ claims: { auth_time: 0, exp: startMs / 1_000 + 1_800 } })
    return { ...house_, present: () => house_.present(token) }
  }

  it('names both, holds what both may do and no credentials, and proves nothing', async () => {
    expect(await (await acting()).present()).toEqual({
      ...{
        kind: 'user',
        userId: 'usr_ada',
        sessionId: 'ses_1',
        roles: ['user'],
        scopes: ['profile:read', 'profile:write'],
      },
      ...{ amr: [], acr: 'aal1', authTime: 0, act: { sub: 'usr_staff', write: false } },
    })
  })

  it.each<[string, (records: CredentialRecords) => Promise<void>]>([
    ['the staff member signs out', (records) => records.endSession('ses_staff')],
    ['they are suspended', (records) => records.putGrants({ ...staffGrants, epoch: 2, active: false })],
    ['they are demoted', (records) => records.putGrants({ ...staffGrants, epoch: 2, scopes: ['users:read'] })],
    ['their sessions are ended', (records) => records.putGrants({ ...staffGrants, epoch: 2, sessionEpoch: 1 })],
    ['the person ends it', (records) => records.endSession('ses_1')],
    ['the person is suspended', (records) => records.putGrants({ ...theirs, epoch: 2, active: false })],
    ['the person ends their sessions', (records) => records.putGrants({ ...theirs, epoch: 2, sessionEpoch: 1 })],
    [
      'the person becomes an administrator',
      (records) => records.putGrants({ ...theirs, epoch: 2, scopes: ['users:read'] }),
    ],
  ])('is refused with the next request after %s', async (_what, change) => {
    const { present, records } = await acting()
    await present()
    await change(records)
    await expect(present()).rejects.toMatchObject(rejection)
  })

  it('has ended for good when it was refused once, whatever is taken back', async () => {
    const { present, records } = await acting()
    await records.putGrants({ ...staffGrants, judgedAtMs: 1, scopes: [] })
    await expect(present()).rejects.toMatchObject(rejection)
    await records.putGrants({ ...staffGrants, judgedAtMs: 2 })
    await expect(present()).rejects.toMatchObject(rejection)
    expect((await records.session('ses_1', 'usr_ada')).session).toBeNull()
  })

  it('ends after thirty minutes, however much it is used', async () => {
    const { present, clock } = await acting()
    clock.advance(30 * minuteMs - 1)
    await present()
    clock.advance(1)
    await expect(present()).rejects.toMatchObject(rejection)
  })
})

describe('an access token', () => {
  it('is the person of a live session, with what the account may do now', async () => {
    const { present } = await house()
    expect(await present(await write())).toEqual({
      kind: 'user',
      userId: 'usr_ada',
      sessionId: 'ses_1',
      roles: ['user'],
      scopes: ['profile:read'],
      amr: ['pwd', 'otp'],
      acr: 'aal2',
      authTime: startMs / 1_000 - 6,
    })
  })

  it('is not looked for where there is no Authorization header', async () => {
    const { recognise } = await house()
    expect(await recognise({ 'x-api-key': 'lk_' })).toBeNull()
  })

  it('has its signature checked once, and its session read with every request', async () => {
    const { present, asked } = await house()
    const token = await write()
    for (const _ of [1, 2, 3]) await present(token)
    expect(asked).toMatchObject({ keys: 1, sessions: 3 })
  })

  it('is worth nothing from the instant it ends, also when it was remembered', async () => {
    const { present, clock } = await house()
    const token = await write()
    await present(token)
    clock.advance(10 * minuteMs - 1)
    await present(token)
    clock.advance(1)
    await expect(present(token)).rejects.toMatchObject(rejection)
  })

  it('is worth nothing once its session ended, or the account may not act', async () => {
    const { present, records, clock } = await house()
    const token = await write()
    await present(token)
    await records.putGrants({ ...grants, epoch: 2, active: false })
    await expect(present(token)).rejects.toMatchObject(rejection)
    const nowMs = clock.now().getTime()
    await records.putGrants({ ...grants, epoch: 3, active: false, activeFromMs: nowMs + 1, activeUntilMs: nowMs + 2 })
    await expect(present(token)).rejects.toMatchObject(rejection)
    clock.advance(1)
    await present(token)
    clock.advance(1)
    await expect(present(token)).rejects.toMatchObject(rejection)
    await records.putGrants({ ...grants, epoch: 4 })
    await present(token)
    await records.endSession('ses_1')
    await expect(present(token)).rejects.toMatchObject(rejection)
  })

  it('is worth nothing once its account ended its sessions, unless it was kept', async () => {
    const { present, records } = await house()
    const token = await write()
    await records.putGrants({ ...grants, epoch: 2, sessionEpoch: 1, sessionKept: 'ses_1' })
    await present(token)
    await records.putGrants({ ...grants, epoch: 3, sessionEpoch: 2, sessionKept: null })
    await expect(present(token)).rejects.toMatchObject(rejection)
  })

  it('is one and the same frozen principal while nothing about it changes, and another from then on', async () => {
    const { present, records } = await house()
    const token = await write()
    const first = await present(token)
    expect(await present(token)).toBe(first)
    expect(Object.isFrozen(first)).toBe(true)
    await records.putGrants({ ...grants, epoch: 2, scopes: [] })
    expect(await present(token)).toMatchObject({ scopes: [] })
  })

  it.each([
    ['past its end', { endsAtMs: startMs }],
    ['unused for too long', { lastSeenAtMs: startMs - 7 * dayMs }],
    ['unused for longer than it may be', { lastSeenAtMs: startMs - minuteMs, idleMs: minuteMs }],
  ])('of a session %s is refused, though the record is still there', async (_, over) => {
    const { records, present } = await house()
    const late: CredentialRecords = {
      ...records,
      session: async () => ({ session: { ...session, ...over }, grants }),
    }
    const recognise = createAccessTokenRecogniser({
      records: late,
      verificationKey: async () => publicKey,
      loadGrants: async () => grants,
      issuer,
      clock: clockAt(start),
      logger: silentLogger,
    })
    const token = await write()
    await present(token)
    await expect(recognise({ authorization: `Bearer ${token}` })).rejects.toMatchObject(rejection)
  })

  it("that names another person's session is refused", async () => {
    const { present } = await house()
    await expect(present(await write({ claims: { sub: 'usr_eve' } }))).rejects.toMatchObject(rejection)
  })

  it('asks for grants that the records do not know, once', async () => {
    const { present, asked } = await house({ putGrants: false })
    const token = await write()
    expect(await present(token)).toMatchObject({ scopes: ['profile:read'] })
    await present(token)
    expect(asked.grants).toBe(1)
  })

  it('of an account that is not there is refused', async () => {
    const { present, forgetGrants } = await house({ putGrants: false })
    forgetGrants(null)
    await expect(present(await write())).rejects.toMatchObject(rejection)
  })

  it('marks its session as seen at most every five minutes', async () => {
    const { present, asked, clock } = await house()
    const token = await write({ claims: { exp: startMs / 1_000 + 3_600 } })
    for (let minute = 0; minute < 12; minute++) {
      await present(token)
      clock.advance(minuteMs)
    }
    expect(asked.touches).toBe(2)
  })

  it('marks where its session was used last, coarsely, and forgets no place for one that is not known', async () => {
    const { recognise, records, clock } = await house()
    const authorization = `Bearer ${await write({ claims: { exp: startMs / 1_000 + 3_600 } })}`
    const lastNetwork = async () => (await records.session('ses_1', 'usr_ada')).session?.lastNetwork
    for (const address of ['192.0.2.7', 'unix:']) {
      clock.advance(5 * minuteMs)
      await recognise({ authorization }, { address, userAgent: '' })
      expect(await lastNetwork()).toBe('192.0.2.0/24')
    }
  })
})

describe('a forgery is refused', () => {
  it('that carries the signature of a token which was good a moment ago', async () => {
    const { present } = await house()
    const token = await write()
    await present(token)
    const [header, , signature] = token.split('.')
    const [, claims] = (await write({ claims: { sub: 'usr_eve' } })).split('.')
    await expect(present(`${header}.${claims}.${signature}`)).rejects.toMatchObject(rejection)
    await expect(present(`x${token}`)).rejects.toMatchObject(rejection)
    expect(await present(token)).toMatchObject({ userId: 'usr_ada' })
  })

  const altered = async (position: 'header' | 'claims' | 'signature') => {
    const parts = (await write()).split('.')
    const at = { header: 0, claims: 1, signature: 2 }[position]
    const bytes = Buffer.from(parts[at] ?? '', 'base64url')
    bytes[10] = (bytes[10] ?? 0) ^ 1
    parts[at] = bytes.toString('base64url')
    return parts.join('.')
  }
  const unsigned = () =>
    new UnsecuredJWT({ sid: 'ses_1' })
      .setIssuer(issuer)
      .setAudience('latchkey')
      .setSubject('usr_ada')
      .setIssuedAt(startMs / 1_000)
      .setExpirationTime(startMs / 1_000 + 600)
      .encode()
  const handmade = (header: object, signature = '') =>
    [
      header,
      { iss: issuer, aud: 'latchkey', sub: 'usr_ada', sid: 'ses_1', iat: startMs / 1_000, exp: startMs / 1_000 + 600 },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .concat(signature)
      .join('.')
  const publicBytes = publicKey.export({ type: 'spki', format: 'pem' })
  const forgeries: [name: string, token: () => string | Promise<string>][] = [
    ['alg none', unsigned],
    ['alg none with a key id and a signature', () => handmade({ alg: 'none', typ: 'at+jwt', kid: 'k1' }, 'AAAA')],
    ['alg in other letters', () => handmade({ alg: 'NoNe', typ: 'at+jwt', kid: 'k1' }, 'AAAA')],
    [
      'HS256 with the public key as its secret',
      () => write({ header: { alg: 'HS256' }, key: createSecretKey(Buffer.from(publicBytes)) }),
    ],
    [
      'HS256 with the raw public key',
      () =>
        write({
          header: { alg: 'HS256' },
          key: createSecretKey(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')),
        }),
    ],
    ['signed by another key under our key id', () => write({ key: other.privateKey })],
    ['another key id', () => write({ header: { kid: 'k2' } })],
    ['no key id', () => write({ header: { kid: undefined } })],
    [
      'another key brought along in the header',
      () => write({ header: { jwk: other.publicKey.export({ format: 'jwk' }) }, key: other.privateKey }),
    ],
    ['another type', () => write({ header: { typ: 'JWT' } })],
    ['the type of an envelope', () => write({ header: { typ: 'latchkey-principal+jwt' } })],
    ['no type', () => write({ header: { typ: undefined } })],
    ['another audience', () => write({ claims: { aud: 'users' } })],
    ['no audience', () => write({ claims: { aud: undefined } })],
    ['another issuer', () => write({ claims: { iss: 'https://evil.example' } })],
    ['an end that has passed', () => write({ claims: { exp: startMs / 1_000 } })],
    ['no end', () => write({ claims: { exp: undefined } })],
    ['no session', () => write({ claims: { sid: undefined } })],
    ['a session that is no text', () => write({ claims: { sid: { $ne: '' } } })],
    ['an unknown session', () => write({ claims: { sid: 'ses_2' } })],
    ['not valid yet', () => write({ claims: { nbf: startMs / 1_000 + 60 } })],
    ['an altered header', () => altered('header')],
    ['altered claims', () => altered('claims')],
    ['an altered signature', () => altered('signature')],
    ['no signature', async () => (await write()).replace(/[^.]*$/, '')],
    ['not a token', () => 'hello'],
  ]
  it.each(forgeries)('%s', async (_, token) => {
    const { present, asked } = await house()
    await expect(present(await token())).rejects.toMatchObject(rejection)
    expect(asked.grants).toBe(0)
  })

  it.each([
    ['another scheme', 'Basic YWRhOnB3'],
    ['no scheme', 'token'],
    ['nothing', ''],
    ['a scheme alone', 'Bearer'],
    ['two tokens', 'Bearer a.b.c, Bearer d.e.f'],
    ['a token and more', 'Bearer a.b.c d'],
  ])('so is an Authorization header with %s', async (_, authorization) => {
    const { recognise } = await house()
    await expect(recognise({ authorization })).rejects.toMatchObject(rejection)
  })

  it('but a store or a signer that cannot be reached is UNAVAILABLE, not a bad credential', async () => {
    const { Problem } = await import('@latchkey/problem')
    const { records, clock } = await house()
    const down = async () => {
      throw new Problem('UNAVAILABLE')
    }
    const terms = { loadGrants: async () => grants, issuer, clock, logger: silentLogger }
    const noKeys = createAccessTokenRecogniser({ ...terms, records, verificationKey: down })
    const noStore = createAccessTokenRecogniser({
      ...terms,
      records: { ...records, session: down },
      verificationKey: async () => publicKey,
    })
    for (const recognise of [noKeys, noStore])
      await expect(recognise({ authorization: `Bearer ${await write()}` })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      })
  })
})

describe('an access token that was accepted before, of something that goes on', () => {
  const begun = async () => {
    const house_ = await house()
    const token = await write()
    await house_.present(token)
    const again = () => house_.recognise({ authorization: `Bearer ${token}` }, undefined, 'before')
    return { ...house_, token, again }
  }

  it('goes on past its own end, while its session lives, and keeps that awake no longer', async () => {
    const { present, again, token, clock, asked } = await begun()
    for (let minutes = 0; minutes < 60; minutes += 6) {
      clock.advance(6 * minuteMs)
      expect((await again())?.principal).toMatchObject({ kind: 'user', sessionId: 'ses_1' })
    }
    await expect(present(token)).rejects.toMatchObject({ ...rejection, facts: {} })
    expect(asked.touches).toBe(0)
  })

  it('says when its session ends by itself, the sooner of its end and of being idle, as that is now', async () => {
    const { again, records, clock } = await begun()
    expect((await again())?.liveUntilMs).toBe(session.endsAtMs)
    await records.putSession({ ...session, idleMs: 20 * minuteMs })
    expect((await again())?.liveUntilMs).toBe(startMs + 20 * minuteMs)
    clock.advance(6 * minuteMs)
    await records.touchSession('ses_1', { atMs: clock.now().getTime(), network: null })
    expect((await again())?.liveUntilMs).toBe(startMs + 26 * minuteMs)
  })

  it('is refused with EXPIRED for as long as the store still holds a session that is over', async () => {
    const { again, records, clock } = await begun()
    vi.spyOn(records, 'session').mockResolvedValue({ session, grants })
    clock.advance(dayMs)
    await expect(again()).rejects.toMatchObject({ ...rejection, facts: { reason: 'EXPIRED' } })
  })

  it.each<[string, string, (house_: Awaited<ReturnType<typeof begun>>) => Promise<void>]>([
    ['SESSION_ENDED', 'its session ends', ({ records }) => records.endSession('ses_1')],
    ['SESSION_ENDED', 'its session was idle for too long', async ({ clock }) => clock.advance(7 * dayMs)],
    [
      'ACCOUNT_NOT_ACTIVE',
      'its account is suspended',
      ({ records }) => records.putGrants({ ...grants, epoch: 2, active: false }),
    ],
    [
      'SESSION_ENDED_BY_ACCOUNT',
      'its account ends its sessions',
      ({ records }) => records.putGrants({ ...grants, epoch: 2, sessionEpoch: 1 }),
    ],
  ])('is refused with %s when %s; whoever presents it now is not told', async (reason, _when, change) => {
    const house_ = await begun()
    await change(house_)
    await expect(house_.again()).rejects.toMatchObject({ ...rejection, facts: { reason } })
    await expect(house_.present(house_.token)).rejects.toMatchObject({ ...rejection, facts: {} })
  })

  it('is no more than a forgery where it was one', async () => {
    const { recognise } = await begun()
    for (const token of [await write({ key: other.privateKey }), 'a.b.c', new UnsecuredJWT({ sid: 'ses_1' }).encode()])
      await expect(recognise({ authorization: `Bearer ${token}` }, undefined, 'before')).rejects.toMatchObject(
        rejection,
      )
  })

  it('is verified again every minute, so that a key that was withdrawn ends it', async () => {
    const { again, asked, clock } = await begun()
    await again()
    expect(asked.keys).toBe(1)
    clock.advance(minuteMs)
    await again()
    expect(asked.keys).toBe(2)
  })
})
