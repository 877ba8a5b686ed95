/** A forgotten and a changed password, over two gateways: one use of one link, and every other session has ended at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aKey,
  aPerson,
  apiKey,
  ask,
  bearer,
  codesOf,
  mailsTo,
  nextMail,
  nobody,
  patiently,
  register,
  registered,
  type SignedIn,
  signedIn,
  signInOperation,
  tokenIn,
  verify,
} from './support/client.ts'
import { rounds, timeForRounds } from './support/rounds.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const request = `mutation ($email: String!) { requestPasswordReset(input: { email: $email }) { outcome } }`
const reset = `mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { outcome } }`
const change = `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { outcome } }`
const notMe = `mutation ($input: ReportNotMeInput!) { reportNotMe(input: $input) { outcome } }`
const me = '{ me { id } }'

inEveryTopology((name) => {
  let house: Topology
  beforeAll(async () => {
    house = await startTopology(name, {
      settings: { LATCHKEY_LIMIT_SIGN_IN_NETWORK: '10000', LATCHKEY_LIMIT_NETWORK_MAILS: '1000' },
    })
  })
  afterAll(() => house?.stop())

  const either = (index: number): string => house.gateways[index % 2 === 0 ? 0 : 1]

  /** Of so many mails with such a link, the newest. */
  async function linkIn(email: string, path: string, count = 1): Promise<string> {
    const links = async () => (await mailsTo(house.gateways[1], email)).filter(({ text }) => text.includes(path))
    await expect.poll(async () => (await links()).length).toBe(count)
    const mail = (await links()).at(-1)
    return mail ? tokenIn(mail) : ''
  }

  async function linkFor(email: string): Promise<string> {
    const answer = await ask(house.gateways[0], nobody, request, { email })
    expect(answer.data).toEqual({ requestPasswordReset: { outcome: 'CHECK_YOUR_MAIL' } })
    return linkIn(email, '/reset-password?')
  }

  const signsIn = async (email: string, password: string) =>
    (await ask(house.gateways[1], nobody, signInOperation, { input: { email, password } })).data.signIn.__typename

  const stillIn = async ({ accessToken }: SignedIn) =>
    Promise.all(house.gateways.map(async (gateway) => codesOf(await ask(gateway, bearer(accessToken), me))[0] ?? 'ok'))

  it(`200 parallel uses of one link set one password, ${rounds} times over`, timeForRounds, async () => {
    let counted = 0
    for (let round = 0; counted < rounds; round++) {
      expect(round, 'rounds that the machine was too busy for').toBeLessThan(2 * rounds + 2)
      const { email } = await registered(house.gateways[0])
      const token = await linkFor(email)
      const wanted = Array.from({ length: 200 }, (_, index) => `horse number ${index} of ${round}`)
      const answers = await Promise.all(
        wanted.map((newPassword, index) => ask(either(index), nobody, reset, { input: { token, newPassword } })),
      )
      const outcomes = answers.map((answer) => answer.data?.resetPassword?.outcome ?? codesOf(answer)[0])
      // UNAVAILABLE is the bounded queue of the password hash speaking: refused, and told so.
      expect(outcomes.filter((outcome) => !['RESET', 'REFUSED', 'UNAVAILABLE'].includes(outcome))).toEqual([])
      const winners = outcomes.filter((outcome) => outcome === 'RESET')
      // A store that took too long to say what it did is UNAVAILABLE, too: such a round shows that nobody won twice, no more.
      expect(winners.length).toBeLessThanOrEqual(1)
      if (winners.length === 0 && outcomes.includes('UNAVAILABLE')) continue
      expect(winners).toHaveLength(1)
      counted += 1
      expect(await signsIn(email, wanted[outcomes.indexOf('RESET')] ?? '')).toBe('SignedIn')
    }
  })

  it(`200 parallel uses of one link confirm one address, once, ${rounds} times over`, timeForRounds, async () => {
    for (let round = 0; round < rounds; round++) {
      const person = aPerson()
      await patiently(() => ask(house.gateways[0], nobody, register, { input: { ...person, displayName: 'Ada' } }))
      const token = tokenIn(await nextMail(house.gateways[1], person.email))
      const uses = Array.from({ length: 200 }, (_, index) => ask(either(index), nobody, verify, { token }))
      const outcomes = (await Promise.all(uses)).map(
        (answer) => answer.data?.verifyEmail?.outcome ?? codesOf(answer)[0],
      )
      // A store that took too long to say what it did is UNAVAILABLE: the one who won may be among those.
      const isSaid = !outcomes.includes('UNAVAILABLE')
      const confirmed = outcomes.filter((outcome) => outcome === 'VERIFIED').length
      expect(confirmed).toBeLessThanOrEqual(1)
      if (isSaid) expect([confirmed, outcomes.filter((outcome) => outcome === 'REFUSED').length]).toEqual([1, 199])
      expect(await signsIn(person.email, person.password)).toBe('SignedIn')
    }
  })

  it('a reset ends every session on both gateways with the next request, and signs nobody in', async () => {
    const ada = await signedIn(house.gateways[0])
    const token = await linkFor(ada.email)
    expect(await stillIn(ada)).toEqual(['ok', 'ok'])
    const input = { token, newPassword: 'another horse battery' }
    const answer = await ask(house.gateways[0], nobody, reset, { input })
    expect(answer.data).toEqual({ resetPassword: { outcome: 'RESET' } })
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(await stillIn(ada)).toEqual(['CREDENTIAL_REJECTED', 'CREDENTIAL_REJECTED'])
    expect([await signsIn(ada.email, ada.password), await signsIn(ada.email, input.newPassword)]).toEqual([
      'SignInRefused',
      'SignedIn',
    ])
  })

  it('a change ends every other session on both gateways, and keeps the one it was made in', async () => {
    const here = await signedIn(house.gateways[0])
    const elsewhere = await signedIn(house.gateways[1], here)
    const input = { currentPassword: here.password, newPassword: 'another horse battery' }
    const answer = await ask(house.gateways[0], bearer(here.accessToken), change, { input })
    expect(answer.data).toEqual({ changePassword: { outcome: 'CHANGED' } })
    expect(await stillIn(here)).toEqual(['ok', 'ok'])
    expect(await stillIn(elsewhere)).toEqual(['CREDENTIAL_REJECTED', 'CREDENTIAL_REJECTED'])
  })

  it('a key that a thief made is dead for ever after "this was not me"; the one from before works again', async () => {
    const ada = await signedIn(house.gateways[0])
    const mine = await aKey(house.gateways[0], ada, ['profile:read'])
    const thief = { email: ada.email, password: 'a password of the thief' }
    const token = await linkFor(ada.email)
    await ask(house.gateways[0], nobody, reset, { input: { token, newPassword: thief.password } })
    const theirs = await aKey(house.gateways[1], await signedIn(house.gateways[1], thief), ['profile:read'])
    const uses = async ({ secret }: { secret: string }) =>
      Promise.all(house.gateways.map(async (gateway) => codesOf(await ask(gateway, apiKey(secret), me))[0] ?? 'ok'))
    expect([await uses(mine), await uses(theirs)]).toEqual([
      ['ok', 'ok'],
      ['ok', 'ok'],
    ])
    const report = { token: await linkIn(ada.email, '/not-me?') }
    await ask(house.gateways[0], nobody, notMe, { input: report })
    const dead = ['CREDENTIAL_REJECTED', 'CREDENTIAL_REJECTED']
    expect([await uses(mine), await uses(theirs)]).toEqual([dead, dead])
    const back = { token: await linkIn(ada.email, '/reset-password?', 2), newPassword: 'another horse battery' }
    expect((await ask(house.gateways[1], nobody, reset, { input: back })).data.resetPassword.outcome).toBe('RESET')
    expect(await uses(theirs)).toEqual(dead)
    await expect.poll(() => uses(mine)).toEqual(['ok', 'ok'])
    expect(await uses(theirs)).toEqual(dead)
  })

  it('answers alike for a known and an unknown address, and in one operation once', async () => {
    const { email } = await registered(house.gateways[0])
    const known = await ask(house.gateways[0], nobody, request, { email })
    const unknown = await ask(house.gateways[0], nobody, request, { email: `nobody.${email}` })
    expect([known.status, known.data, known.errors]).toEqual([unknown.status, unknown.data, unknown.errors])
    const twice = `mutation ($a: ResetPasswordInput!, $b: AcceptInvitationInput!) {
      resetPassword(input: $a) { outcome } acceptInvitation(input: $b) { outcome } }`
    const variables = { a: { token: 'x', newPassword: 'x' }, b: { token: 'x', password: 'x' } }
    expect(codesOf(await ask(house.gateways[0], nobody, twice, variables))).toEqual(['OPERATION_TOO_COSTLY'])
  })

  describe('a mail that signs in', () => {
    const askFor = 'mutation ($email: String!) { requestMagicLink(input: { email: $email }) { outcome challengeId } }'
    const signedInBy = (name: string, input: string) =>
      `mutation ($input: ${input}!) { ${name}(input: $input) { __typename ... on SignedIn { accessToken user { id } } } }`
    const byLink = signedInBy('signInWithMagicLink', 'SignInWithMagicLinkInput')
    const byCode = signedInBy('signInWithEmailCode', 'SignInWithEmailCodeInput')

    const withLink = async (token: string, index = 0) =>
      (await ask(either(index), nobody, byLink, { input: { token } })).data.signInWithMagicLink
    const withCode = async (challengeId: string, code: string, index = 0) =>
      (await patiently(() => ask(either(index), nobody, byCode, { input: { challengeId, code } }))).data
        .signInWithEmailCode
    async function mailed() {
      const { email } = await registered(house.gateways[0])
      const { challengeId } = (await ask(house.gateways[0], nobody, askFor, { email })).data.requestMagicLink
      const mails = async () => (await mailsTo(house.gateways[1], email)).filter(({ subject }) => subject === 'Sign in')
      await expect.poll(async () => (await mails()).length).toBe(1)
      const [mail = expect.fail()] = await mails()
      return { email, challengeId, token: tokenIn(mail), code: /\d{4} \d{4}/.exec(mail.text)?.[0] ?? '' }
    }

    it(`is used up by no scanner, and by one of 200 people at once, ${rounds} times over`, timeForRounds, async () => {
      let counted = 0
      for (let round = 0; counted < rounds; round++) {
        expect(round, 'rounds that the machine was too busy for').toBeLessThan(2 * rounds + 2)
        const { token, code, challengeId } = await mailed()
        for (const gateway of house.gateways)
          for (const method of ['GET', 'HEAD', 'POST', 'GET']) {
            const page = await fetch(`${gateway}/sign-in?token=${token}`, { method })
            expect(page.status).toBe(method === 'POST' ? 405 : 200)
          }
        const answers = await Promise.all(
          Array.from({ length: 200 }, (_, index) => ask(either(index), nobody, byLink, { input: { token } })),
        )
        const results = answers.map((answer) => answer.data?.signInWithMagicLink ?? { __typename: codesOf(answer)[0] })
        const ofType = (type: string) => results.filter(({ __typename }) => __typename === type)
        const [winners, busy] = [ofType('SignedIn'), ofType('UNAVAILABLE')]
        expect(winners.length + ofType('SignInRefused').length + busy.length).toBe(200)
        expect(winners.length).toBeLessThanOrEqual(1)
        expect((await withCode(challengeId, code)).__typename).toBe('SignInRefused')
        // A store that took too long to say what it did: such a round shows that nobody won twice, no more.
        if (winners.length === 0 && busy.length > 0) continue
        expect(winners).toHaveLength(1)
        counted += 1
        const { accessToken, user } = winners[0]
        expect((await ask(house.gateways[1], bearer(accessToken), me)).data.me.id).toBe(user.id)
      }
    })

    it('signs in by its code, typed where it was asked for; five wrong ones, and it does not', async () => {
      const [right, wrong] = [await mailed(), await mailed()]
      expect((await withCode(right.challengeId, right.code, 1)).__typename).toBe('SignedIn')
      for (let turn = 0; turn < 5; turn++) await withCode(wrong.challengeId, right.code, turn)
      expect((await withCode(wrong.challengeId, wrong.code)).__typename).toBe('SignInRefused')
      expect((await withLink(wrong.token)).__typename).toBe('SignedIn')
    })

    it('is asked for alike, by whatever address', async () => {
      const { email } = await registered(house.gateways[0])
      const shown = async (address: string) => {
        const { status, headers, data, errors } = await ask(house.gateways[0], nobody, askFor, { email: address })
        const { challengeId, ...rest } = data.requestMagicLink
        const own = ['date', 'x-request-id']
        const same = [...headers].filter(([name]) => !own.includes(name))
        return { status, same, errors, rest, form: challengeId.replace(/\w{22}$/, '') }
      }
      expect(await shown(email)).toEqual(await shown('nobody.at.all@example.com'))
    })
  })

  it.each(['/reset-password', '/accept-invitation'])('%s is a page on both gateways', async (path) => {
    for (const gateway of house.gateways) {
      const page = await fetch(`${gateway}${path}?token=x`)
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(await page.text()).toContain('autocomplete="new-password"')
    }
  })
})
