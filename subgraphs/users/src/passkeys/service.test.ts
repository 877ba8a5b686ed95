import { minuteMs } from '@latchkey/clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aMember, field, mailsTo, startUsers, type UsersUnderTest } from '../application.fixture.ts'
import {
  aChallenge,
  checkFactor,
  checkPasskey,
  codesOf,
  factorsOf,
  finishPasskey,
  matches,
  mutate,
  passkeyOptions,
  startPasskey,
  withPasskey,
  withTotp,
} from '../second-factors/factors.fixture.ts'
import { anAuthenticator, type Circumstances } from './authenticator.fixture.ts'

let under: UsersUnderTest
let ada: Awaited<ReturnType<typeof aMember>>
beforeEach(async () => {
  under = await startUsers()
  ada = await aMember(under.users, 'ada@example.com')
})
afterEach(() => under.close())

const byPasskey = () => ({ ...ada, amr: ['hwk', 'user'], acr: 'aal2' as const })
const remove = (id: string, person = byPasskey()) =>
  mutate(under.users, person, 'mutation ($id: ID!) { removePasskey(id: $id) { id } }', { id })
const run = (text: string) => under.database.query({ name: `test_${text}`.slice(0, 60), text }, [])

type Authenticator = ReturnType<typeof anAuthenticator>

/** Signs in with nothing but the passkey. */
async function sign(authenticator: Authenticator, circumstances: Circumstances = {}, challenge = aChallenge()) {
  const options = await passkeyOptions(under.users, challenge)
  return checkPasskey(under.users, challenge, authenticator.get(options, circumstances))
}

describe('enrolling a passkey', () => {
  it('asks for a discoverable one that verifies its user, for the host of the public address', async () => {
    const options = JSON.parse(await startPasskey(under.users, ada))
    expect(options).toMatchObject({
      rp: { id: 'localhost' },
      user: { id: Buffer.from(ada.userId).toString('base64url'), name: 'ada@example.com' },
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    })
    expect(Buffer.from(options.challenge, 'base64url')).toHaveLength(32)
  })

  it('adds it, brings recovery codes with the first, ends the other sessions, and names the known ones next time', async () => {
    const first = await withPasskey(under.users, ada)
    expect(first).toMatchObject({ outcome: 'ENROLLED', passkey: { name: 'laptop', backedUp: false } })
    expect(first.recoveryCodes).toHaveLength(10)
    expect((await under.records.session('x', ada.userId)).grants).toMatchObject({
      sessionEpoch: 1,
      sessionKept: ada.sessionId,
    })
    const options = JSON.parse(await startPasskey(under.users, ada))
    expect(options.excludeCredentials).toMatchObject([{ id: first.authenticator.id }])
    expect(await withPasskey(under.users, ada)).toMatchObject({ outcome: 'ENROLLED', recoveryCodes: null })
    expect(await mailsTo(under.users, 'ada@example.com', 3)).toMatchObject([{}, { subject: 'A passkey was added' }, {}])
  })

  it.each([
    ['for another origin', { origin: 'https://evil.example' }],
    ['for another host', { rpId: 'evil.example' }],
    ['by somebody who was not verified', { userVerification: 'not done' }],
  ] as const)('refuses an answer %s', async (_what, circumstances) => {
    expect(await withPasskey(under.users, ada, anAuthenticator(), circumstances)).toMatchObject({ outcome: 'REFUSED' })
  })

  it('takes one answer to a challenge, within five minutes, from the one who asked', async () => {
    const eve = await aMember(under.users, 'eve@example.com')
    const outcome = async (response: string, person = ada) =>
      field<{ outcome: string }>((await finishPasskey(under.users, person, response)).data, 'finishPasskeyEnrolment')
        .outcome
    const authenticator = anAuthenticator()
    expect(await outcome(authenticator.create(await startPasskey(under.users, ada)), eve)).toBe('REFUSED')
    const late = authenticator.create(await startPasskey(under.users, ada))
    under.clock.advance(5 * minuteMs)
    expect(await outcome(late)).toBe('REFUSED')
    const wrong = await startPasskey(under.users, ada)
    expect(await outcome('{}')).toBe('REFUSED')
    expect(await outcome(authenticator.create(wrong))).toBe('REFUSED')
    const good = authenticator.create(await startPasskey(under.users, ada))
    expect(await outcome(good)).toBe('ENROLLED')
    expect(await outcome(good)).toBe('REFUSED')
  })

  it('gives nobody a credential that somebody has', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    const eve = await aMember(under.users, 'eve@example.com')
    expect(await withPasskey(under.users, eve, authenticator)).toMatchObject({ outcome: 'REFUSED' })
    expect(await factorsOf(under.users, eve)).toMatchObject({ passkeys: [], recoveryCodesLeft: 0 })
  })

  it('refuses what is too long before it is parsed, and a name that is none', async () => {
    await startPasskey(under.users, ada)
    expect((await finishPasskey(under.users, ada, `"${'x'.repeat(200_000)}"`)).data).toMatchObject({
      finishPasskeyEnrolment: { outcome: 'REFUSED' },
    })
    expect(codesOf(await finishPasskey(under.users, ada, '{}', '\u202e'))).toEqual(['BAD_USER_INPUT'])
  })

  it('stops at ten, however many come at once', async () => {
    for (let count = 0; count < 9; count++) await withPasskey(under.users, ada)
    const enrolments = Array.from({ length: 2 }, async () => {
      const authenticator = anAuthenticator()
      return authenticator.create(await startPasskey(under.users, ada))
    })
    const [one = '', other = ''] = await Promise.all(enrolments)
    await Promise.allSettled([finishPasskey(under.users, ada, one), finishPasskey(under.users, ada, other)])
    await withPasskey(under.users, ada).catch(() => null)
    expect((await factorsOf(under.users, ada)).passkeys).toHaveLength(10)
    expect(codesOf(await mutate(under.users, ada, 'mutation { startPasskeyEnrolment { options } }'))).toEqual([
      'CONFLICT',
    ])
  })

  it('keeps no name that could be read', async () => {
    await withPasskey(under.users, ada)
    expect(JSON.stringify(await run('SELECT * FROM users.passkeys'))).not.toContain('laptop')
  })
})

describe('signing with a passkey', () => {
  it('says who it is, with nothing else known', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    const options = JSON.parse(await passkeyOptions(under.users, aChallenge()))
    expect(options).toMatchObject({ rpId: 'localhost', userVerification: 'required', allowCredentials: [] })
    expect(await sign(authenticator)).toEqual({ outcome: 'MATCH', userId: ada.userId, sessionEpoch: 1 })
    const { passkeys } = await factorsOf(under.users, ada)
    expect(passkeys).toMatchObject([{ lastUsedAt: under.clock.now().toISOString() }])
  })

  it.each([
    ['for another origin', { origin: 'https://evil.example' }],
    ['for another host', { rpId: 'evil.example' }],
    ['without the user verified, whatever the page asked for', { userVerification: 'not done' }],
    ['that names another account', { userHandle: Buffer.from('usr_eve').toString('base64url') }],
    ['that names no account', { userHandle: null }],
  ] as const)('is refused %s, and raises no alarm', async (_what, circumstances) => {
    const { authenticator } = await withPasskey(under.users, ada)
    expect(await sign(authenticator, circumstances)).toMatchObject({ outcome: 'NO_MATCH', userId: null })
    expect(await sign(authenticator)).toMatchObject({ outcome: 'MATCH' })
  })

  it('is refused for another challenge, an unknown credential, another’s signature, and what is no answer', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    const options = await passkeyOptions(under.users, aChallenge('A'))
    const response = authenticator.get(options)
    expect(await checkPasskey(under.users, aChallenge('Q'), response)).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await sign(anAuthenticator())).toMatchObject({ outcome: 'NO_MATCH' })
    const forged = { ...JSON.parse(anAuthenticator().get(options)), id: authenticator.id, rawId: authenticator.id }
    forged.response.userHandle = Buffer.from(ada.userId).toString('base64url')
    expect(await checkPasskey(under.users, aChallenge('A'), JSON.stringify(forged))).toMatchObject({
      outcome: 'NO_MATCH',
    })
    for (const text of ['', '{', 'null', '[]', '{}', `"${'x'.repeat(20_000)}"`])
      expect(await checkPasskey(under.users, aChallenge(), text)).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await checkPasskey(under.users, 'short', response)).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('is refused for good, stamped and told once when the count goes backwards, and only when the signature is right', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    await sign(authenticator, { signCount: 10 })
    const options = await passkeyOptions(under.users, aChallenge())
    const forged = JSON.parse(authenticator.get(options, { signCount: 3 }))
    forged.response.signature = Buffer.from('nothing').toString('base64url')
    expect(await checkPasskey(under.users, aChallenge(), JSON.stringify(forged))).toMatchObject({ outcome: 'NO_MATCH' })
    expect((await factorsOf(under.users, ada)).passkeys).toMatchObject([{ signCountAlarmAt: null }])

    expect(await sign(authenticator, { signCount: 10 })).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await sign(authenticator, { signCount: 9 })).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await sign(authenticator, { signCount: 11 })).toMatchObject({ outcome: 'NO_MATCH' })
    const { passkeys, secondFactors } = await factorsOf(under.users, ada)
    expect(passkeys).toMatchObject([{ signCountAlarmAt: under.clock.now().toISOString() }])
    // It is still asked for: to leave it out would make the password enough again.
    expect(secondFactors).toContain('PASSKEY')
    const alarms = (await mailsTo(under.users, 'ada@example.com', 3)).filter(
      ({ subject }) => subject === 'A passkey may have been copied',
    )
    expect(alarms).toHaveLength(1)
  })

  it('does not mind a passkey that does not count', async () => {
    const { authenticator } = await withPasskey(under.users, ada, anAuthenticator({ counts: false }))
    expect(await sign(authenticator)).toMatchObject({ outcome: 'MATCH' })
    expect(await sign(authenticator)).toMatchObject({ outcome: 'MATCH' })
  })

  it('as a second factor counts for its own account alone', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    const eve = await aMember(under.users, 'eve@example.com')
    await withPasskey(under.users, eve)
    const challenge = aChallenge()
    const options = await passkeyOptions(under.users, challenge, ada.userId)
    expect(JSON.parse(options).allowCredentials).toMatchObject([{ id: authenticator.id }])
    const shown = () => ({ passkey: { challenge, response: authenticator.get(options, { userHandle: null }) } })
    expect(await checkFactor(under.users, eve.userId, shown())).toMatchObject({ outcome: 'NO_MATCH' })
    expect(await checkFactor(under.users, ada.userId, shown())).toMatchObject({ outcome: 'MATCH' })
  })

  it('is worth nothing while the account is suspended', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    await run(`UPDATE users.accounts SET status = 'suspended'`)
    expect(await sign(authenticator)).toMatchObject({ outcome: 'NO_MATCH' })
  })

  it('lets one of 200 answers with one count through', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    const challenge = aChallenge()
    const response = authenticator.get(await passkeyOptions(under.users, challenge))
    const replicas = [under.users, under.replica()]
    const tries = Array.from({ length: 100 }, () => replicas.map((users) => checkPasskey(users, challenge, response)))
    expect(matches(await Promise.all(tries.flat()))).toBe(1)
  })
})

describe('a passkey of one’s own', () => {
  it('can be renamed, and nobody else’s', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    const eve = await aMember(under.users, 'eve@example.com')
    const rename = (person: typeof ada, id: string) =>
      mutate(under.users, person, 'mutation ($id: ID!) { renamePasskey(input: { id: $id, name: " phone " }) { id } }', {
        id,
      })
    expect(codesOf(await rename(eve, authenticator.id))).toEqual(['NOT_FOUND'])
    expect(codesOf(await rename(ada, '\u0000'))).toEqual(['NOT_FOUND'])
    expect(codesOf(await rename(ada, authenticator.id))).toEqual([])
    expect((await factorsOf(under.users, ada)).passkeys).toMatchObject([{ name: 'phone' }])
  })

  it('is removed by a session as strong as itself, and by nobody else', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    const eve = await aMember(under.users, 'eve@example.com')
    for (const amr of [['pwd'], ['pwd', 'mca']])
      expect(codesOf(await remove(authenticator.id, { ...byPasskey(), amr }))).toEqual(['STEP_UP_REQUIRED'])
    expect(codesOf(await remove(authenticator.id, { ...byPasskey(), userId: eve.userId }))).toEqual(['NOT_FOUND'])
    expect(codesOf(await remove(authenticator.id, { ...byPasskey(), amr: ['pwd', 'otp'] }))).toEqual([])
    expect(await factorsOf(under.users, ada)).toEqual({ secondFactors: [], recoveryCodesLeft: 0, passkeys: [] })
  })

  it('stays when it is the last way in, however many are removed at once', async () => {
    const passkeys = [await withPasskey(under.users, ada), await withPasskey(under.users, ada)]
    await run('DELETE FROM users.passwords')
    const answers = await Promise.all(passkeys.map(({ authenticator }) => remove(authenticator.id)))
    expect(answers.flatMap(codesOf)).toEqual(['CONFLICT'])
    expect((await factorsOf(under.users, ada)).passkeys).toHaveLength(1)
    const [left] = (await factorsOf(under.users, ada)).passkeys
    const answer = await remove(left?.id ?? '')
    expect(answer.errors?.[0]?.message).toContain('only way into the account')
  })

  it('stays when it is the last factor and a role demands one', async () => {
    const { authenticator } = await withPasskey(under.users, ada)
    await run(`UPDATE users.roles SET second_factor_grace_days = 30 WHERE name = 'user'`)
    expect(codesOf(await remove(authenticator.id))).toEqual(['CONFLICT'])
    await withTotp(under.users, ada, under.clock.now())
    expect(codesOf(await remove(authenticator.id))).toEqual([])
  })
})
