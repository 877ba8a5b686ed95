/** What people do with their own account: confirm, move, undo, say that it was not them, describe themselves. */
import { beforeAll, expect, it } from 'vitest'
import {
  aKey,
  aPerson,
  apiKey,
  ask,
  bearer,
  codesOf,
  mailsTo,
  nobody,
  registered,
  signedIn,
  signInOperation,
  tokenIn,
} from '../support/client.ts'
import type { Topology } from '../support/topology.ts'

const profile = 'id version username givenName locale publicMetadata privateMetadata'

export function accountStories(openHouse: () => Topology): void {
  let house: Topology
  beforeAll(async () => {
    house = openHouse()
  })

  const either = (index: number): string => house.gateways[index % 2 === 0 ? 0 : 1]

  async function mailTo(address: string, count: number) {
    await expect.poll(async () => (await mailsTo(either(0), address)).length).toBeGreaterThanOrEqual(count)
    return (await mailsTo(either(0), address))[count - 1] ?? expect.fail()
  }

  const outcome = async (mutation: string, input: object, credential = nobody, index = 0): Promise<unknown> => {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`
    const operation = `mutation ($input: ${type}!) { ${mutation}(input: $input) { outcome } }`
    const answer = await ask(either(index), credential, operation, { input })
    return answer.data?.[mutation]?.outcome ?? codesOf(answer)[0]
  }

  const signIn = async (email: string, password: string) =>
    (await ask(either(1), nobody, signInOperation, { input: { email, password } })).data?.signIn?.__typename

  it('an address is confirmed by the code from the mail, once, and resending sends another', async () => {
    const { email, password } = aPerson('code')
    const input = { email, password, displayName: 'Ada', locale: 'de' }
    expect(await outcome('register', input)).toBe('CHECK_YOUR_MAIL')
    expect((await mailTo(email, 1)).subject).toBe('Bestätigen Sie Ihre Adresse')
    expect(await outcome('resendVerification', { email }, nobody, 1)).toBe('CHECK_YOUR_MAIL')
    const { text } = await mailTo(email, 2)
    const code = /^.*: (\d{8})$/m.exec(text)?.[1]
    expect(await outcome('verifyEmail', { email, code: String((Number(code) + 1) % 1e8).padStart(8, '0') })).toBe(
      'REFUSED',
    )
    const uses = Array.from({ length: 4 }, (_, n) => outcome('verifyEmail', { email, code }, nobody, n))
    expect((await Promise.all(uses)).filter((verdict) => verdict === 'VERIFIED')).toHaveLength(1)
    expect(await signIn(email, password)).toBe('SignedIn')
  })

  it('an address is changed when the new one is confirmed; the old one can undo it and locks the account', async () => {
    const person = await registered(either(0), aPerson('move'))
    const here = await signedIn(either(0), person)
    const there = await signedIn(either(1), person)
    const newEmail = aPerson('moved').email
    expect(await outcome('requestEmailChange', { newEmail }, bearer(here.accessToken))).toBe('CHECK_YOUR_MAIL')
    const mail = await mailTo(newEmail, 1)
    const page = await fetch(`${either(0)}/confirm-email?token=${tokenIn(mail)}`)
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Confirm your new address')])
    expect(await outcome('confirmEmailChange', { token: tokenIn(mail) }, bearer(here.accessToken), 1)).toBe('CHANGED')
    // The session that confirmed goes on, every other one has ended, on both gateways.
    for (const gateway of house.gateways) {
      expect((await ask(gateway, bearer(here.accessToken), '{ me { email } }')).data).toEqual({
        me: { email: newEmail },
      })
      expect(codesOf(await ask(gateway, bearer(there.accessToken), '{ me { email } }'))).toEqual([
        'CREDENTIAL_REJECTED',
      ])
    }
    expect(await signIn(person.email, person.password)).toBe('SignInRefused')
    expect(await signIn(newEmail, person.password)).toBe('SignedIn')

    const notice = await mailTo(person.email, 3)
    expect(notice.text).toContain('/undo-email-change?token=')
    expect((await fetch(`${either(1)}/undo-email-change`)).status).toBe(200)
    expect(await outcome('undoEmailChange', { token: tokenIn(notice) })).toBe('UNDONE')
    for (const gateway of house.gateways)
      expect(codesOf(await ask(gateway, bearer(here.accessToken), '{ me { email } }'))).toEqual(['CREDENTIAL_REJECTED'])
    for (const email of [person.email, newEmail]) expect(await signIn(email, person.password)).toBe('SignInRefused')
    expect((await mailTo(person.email, 4)).text).toContain('/reset-password?token=')
    expect((await mailTo(newEmail, 2)).subject).toBe('This address no longer belongs to the account')
    expect(await outcome('undoEmailChange', { token: tokenIn(notice) })).toBe('REFUSED')
  })

  it('"this was not me" from a notice ends every session, locks the account, and stops what was asked for', async () => {
    const person = await registered(either(0), aPerson('victim'))
    const thief = await signedIn(either(1), person)
    const { secret } = await aKey(either(0), thief, ['profile:read'])
    const newEmail = aPerson('thief').email
    expect(await outcome('requestEmailChange', { newEmail }, bearer(thief.accessToken))).toBe('CHECK_YOUR_MAIL')
    const notice = await mailTo(person.email, 2)
    expect(notice.text).toContain('/not-me?token=')
    expect((await fetch(`${either(1)}/not-me?token=${tokenIn(notice)}`)).status).toBe(200)
    const uses = Array.from({ length: 10 }, (_, n) => outcome('reportNotMe', { token: tokenIn(notice) }, nobody, n))
    expect((await Promise.all(uses)).filter((verdict) => verdict === 'LOCKED')).toHaveLength(1)
    for (const gateway of house.gateways) {
      expect(codesOf(await ask(gateway, bearer(thief.accessToken), '{ me { email } }'))).toEqual([
        'CREDENTIAL_REJECTED',
      ])
      expect(codesOf(await ask(gateway, apiKey(secret), '{ me { email } }'))).toEqual(['CREDENTIAL_REJECTED'])
    }
    expect(await signIn(person.email, person.password)).toBe('SignInRefused')
    expect((await mailTo(person.email, 3)).text).toContain('/reset-password?token=')
    const { text } = await mailTo(newEmail, 1)
    expect(await outcome('confirmEmailChange', { token: /token=([\w-]+)/.exec(text)?.[1] })).toBe('REFUSED')
  })

  it('an address that is taken is asked for with the same answer, and its owner is told', async () => {
    const owner = await registered(either(0), aPerson('owner'))
    const { accessToken } = await signedIn(either(0))
    expect(await outcome('requestEmailChange', { newEmail: owner.email }, bearer(accessToken))).toBe('CHECK_YOUR_MAIL')
    expect((await mailTo(owner.email, 2)).subject).toBe('Your address is in use already')
  })

  it('a profile is changed against its version: of two changes of one version one is made', async () => {
    const { accessToken } = await signedIn(either(0))
    const update = (input: object, index: number) =>
      ask(
        either(index),
        bearer(accessToken),
        `mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { ${profile} } } }`,
        { input },
      )
    const input = { version: 1, locale: 'en-GB', privateMetadata: { theme: 'dark', list: [1, { a: null }] } }
    const answers = await Promise.all([
      update({ ...input, givenName: 'A' }, 0),
      update({ ...input, givenName: 'B' }, 1),
    ])
    const made = answers.flatMap(({ data }) => data?.updateProfile?.user ?? [])
    expect(made).toHaveLength(1)
    expect(answers.flatMap(codesOf)).toEqual(['CONFLICT'])
    const { data } = await ask(either(1), bearer(accessToken), `{ me { ${profile} } }`)
    expect(data.me).toMatchObject({ ...made[0], version: 2, locale: 'en-GB', privateMetadata: input.privateMetadata })
    expect(codesOf(await update(input, 1))).toEqual(['CONFLICT'])
    expect(codesOf(await update({ version: 2, privateMetadata: { x: 'y'.repeat(5_000) } }, 0))).toEqual([
      'BAD_USER_INPUT',
    ])
  })

  it('a user name is one account’s, and so are the names that look like it; a key reads it and cannot write it', async () => {
    const [ada, eve] = [await signedIn(either(0)), await signedIn(either(1))]
    const take = (credential: Record<string, string>, username: string, index: number) =>
      ask(
        either(index),
        credential,
        `mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { username } } }`,
        { input: { version: 1, username } },
      )
    expect((await take(bearer(ada.accessToken), 'Ada.Lovelace', 0)).data?.updateProfile?.user).toEqual({
      username: 'Ada.Lovelace',
    })
    for (const username of ['ada_lovelace', 'AdaLove1ace'])
      expect(codesOf(await take(bearer(eve.accessToken), username, 1))).toEqual(['CONFLICT'])
    const { secret } = await aKey(either(0), ada, ['profile:read'])
    expect((await ask(either(1), apiKey(secret), '{ me { username } }')).data).toEqual({
      me: { username: 'Ada.Lovelace' },
    })
    expect(codesOf(await take(apiKey(secret), 'mallory', 0))).toEqual(['FORBIDDEN'])
  })

  it('security events say what happened, to the person and not to a key of theirs', async () => {
    const ada = await signedIn(either(0))
    const query = '{ me { securityEvents(first: 10) { nodes { kind by device network } pageInfo { hasNextPage } } } }'
    const { data } = await ask(either(1), bearer(ada.accessToken), query)
    const { nodes, pageInfo } = data.me.securityEvents
    const byMail = { by: 'MAIL_LINK', device: 'node', network: '127.0.0.0/24' }
    // Both of one moment.
    expect(nodes).toHaveLength(2)
    expect(nodes).toEqual(
      expect.arrayContaining([
        { kind: 'ACCOUNT_OPENED', ...byMail },
        { kind: 'EMAIL_CONFIRMED', ...byMail },
      ]),
    )
    expect(pageInfo).toEqual({ hasNextPage: false })
    const { secret } = await aKey(either(0), ada, ['profile:read'])
    expect(codesOf(await ask(either(0), apiKey(secret), query))).toEqual(['FORBIDDEN'])
  })
}
