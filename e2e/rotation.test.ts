import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shownCode } from './support/authenticator-app.ts'
import {
  aKey,
  aPerson,
  apiKey,
  ask,
  bearer,
  type Credential,
  mailsTo,
  nextMail,
  nobody,
  type Person,
  register,
  registered,
  type SignedIn,
  signedIn,
  signInOperation,
  tokenIn,
  verify,
} from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const kinds = [
  ...['password', 'data', 'blind-index', 'one-time-token', 'refresh-token', 'api-key', 'signing-key', 'identifier'],
  'services',
]

const refresh =
  'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { ... on SignedIn { accessToken refreshToken } } }'
const complete = 'mutation ($input: CompleteSecondFactorInput!) { completeSecondFactor(input: $input) { __typename } }'
const begin =
  'mutation ($input: SignInInput!) { signIn(input: $input) { ... on SecondFactorRequired { challengeId } } }'
const reset = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { outcome } }'

/** The ids of the versions that a keyring file holds, by kind. */
function versionsIn(keyringFile: string): Readonly<Record<string, readonly string[]>> {
  const file = JSON.parse(readFileSync(keyringFile, 'utf8'))
  const idsOf = (versions: { id?: string }[] | object) =>
    Array.isArray(versions) ? versions.map(({ id }) => id) : ['first']
  const secrets = Object.entries<object>(file.secrets).map(([kind, versions]) => [kind, idsOf(versions)])
  return { ...Object.fromEntries(secrets), services: idsOf(file.services.users) }
}

/** So that whoever operates the house comes to their turn. */
const restMs = 25

/** Asks one thing after the other, at each gateway in turn, until it is told to stop; keeps what went wrong. */
function keepAsking(gateways: readonly string[], askOnce: (gateway: string) => Promise<string | null>) {
  const failures: string[] = []
  let [asked, state]: [number, 'open' | 'over'] = [0, 'open']
  const loop = (async () => {
    while (state === 'open') {
      const failure = await askOnce(gateways[asked % gateways.length] ?? '').catch(String)
      asked += 1
      await pause(restMs)
      if (failure !== null) failures.push(failure)
    }
  })()
  return {
    async stop() {
      state = 'over'
      await loop
      return { asked, failures }
    },
  }
}

const failureOf = (answer: Awaited<ReturnType<typeof ask>>, isGood: (data: never) => boolean): string | null =>
  answer.errors.length === 0 && isGood(answer.data as never) ? null : JSON.stringify(answer.errors)

inEveryTopology((name) => {
  let house: Topology
  beforeAll(async () => {
    house = await startTopology(name, { settings: { LATCHKEY_LIMITS: 'off' } })
  })
  afterAll(() => house?.stop())

  const emailOf = (person: Person, credential: Credential) => async (gateway: string) =>
    failureOf(
      await ask(gateway, credential, '{ me { email } }'),
      ({ me }: { me: { email: string } }) => me.email === person.email,
    )

  const signsIn = (person: Person) => async (gateway: string) => {
    const { email, password } = person
    return failureOf(
      await ask(gateway, nobody, signInOperation, { input: { email, password } }),
      ({ signIn }: { signIn: { __typename: string } }) => signIn.__typename === 'SignedIn',
    )
  }

  /** Each token is good for the next. */
  function refreshes(person: SignedIn) {
    let { refreshToken } = person
    return async (gateway: string) => {
      const answer = await ask(gateway, nobody, refresh, { input: { refreshToken } })
      refreshToken = answer.data?.refreshSession?.refreshToken ?? refreshToken
      return failureOf(
        answer,
        ({ refreshSession }: { refreshSession: { accessToken?: string } }) => !!refreshSession.accessToken,
      )
    }
  }

  async function withApp(gateway: string) {
    const person = await signedIn(gateway)
    const mine = bearer(person.accessToken)
    const { secret } = (await ask(gateway, mine, 'mutation { enrolTotp { secret } }')).data.enrolTotp
    const confirm = 'mutation ($code: String!) { confirmTotp(input: { code: $code }) { outcome } }'
    await ask(gateway, mine, confirm, { code: shownCode(secret, Date.now()) })
    return { ...person, secret: secret as string }
  }

  describe('every secret is rotated while the house is asked', () => {
    it('nothing fails; what was made before works on; nothing is left of the old versions; and the house works without them', async () => {
      const [one, other] = house.gateways
      const [ada, eve, bob] = [await signedIn(one), await signedIn(other), await signedIn(one)]
      // Whoever signs in again and again ends the oldest of their sessions.
      const dora = await registered(one)
      const { secret } = await aKey(one, ada, ['profile:read'])
      const { secret: rare } = await aKey(one, eve, ['profile:read'])
      const app = await withApp(one)
      // Begun before, and gone on with after.
      const halfway = (await ask(one, nobody, begin, { input: { email: app.email, password: app.password } })).data
        .signIn
      const late = aPerson('late')
      await ask(one, nobody, register, { input: { ...late, displayName: 'Late' } })
      const confirmation = tokenIn(await nextMail(one, late.email))
      await ask(
        one,
        nobody,
        'mutation ($email: String!) { requestPasswordReset(input: { email: $email }) { outcome } }',
        {
          email: bob.email,
        },
      )
      await expect.poll(async () => (await mailsTo(one, bob.email)).at(-1)?.text).toContain('reset-password')
      const resetToken = tokenIn((await mailsTo(one, bob.email)).at(-1) ?? { to: '', subject: '', text: '' })
      const before = versionsIn(house.keyringFile)

      const load = [
        keepAsking(house.gateways, emailOf(ada, bearer(ada.accessToken))),
        keepAsking(house.gateways, emailOf(ada, apiKey(secret))),
        keepAsking(house.gateways, refreshes(await signedIn(one, ada))),
        keepAsking(house.gateways, signsIn(dora)),
      ]
      const rehearsed = await house.operate('secrets', 'rotate', 'all', '--rehearse')
      expect(rehearsed).toContain(name === 'embedded' ? 'would break nobody' : '8 processes heard')
      expect(versionsIn(house.keyringFile)).toEqual(before)
      expect(await house.operate('secrets', 'rotate', 'all', '--in', '2s')).toContain('added')
      await pause(3_500)

      // With what was made before.
      expect(
        (
          await ask(other, nobody, complete, {
            input: { challengeId: halfway.challengeId, totp: shownCode(app.secret, Date.now(), 1) },
          })
        ).data.completeSecondFactor.__typename,
      ).toBe('SignedIn')
      expect((await ask(other, nobody, verify, { token: confirmation })).data.verifyEmail.outcome).toBe('VERIFIED')
      const newPassword = 'nine herons over the quiet weir'
      expect(
        (await ask(other, nobody, reset, { input: { token: resetToken, newPassword } })).data.resetPassword.outcome,
      ).toBe('RESET')
      expect(await refreshes(eve)(other)).toBeNull()
      for (const person of [ada, eve, late]) expect(await signsIn(person)(other)).toBeNull()
      await ask(other, nobody, begin, { input: { email: app.email, password: app.password } })
      expect(await emailOf(eve, apiKey(rare))(other)).toBeNull()
      await registered(one, aPerson('new'))

      const left = await house.operate('secrets', 'reencrypt')
      expect(left).toContain('data: ')
      for (const kind of ['data', 'signing-key', 'password', 'api-key'])
        for (const id of before[kind] ?? []) expect(rowsUnder(left, id)).toEqual([])
      for (const id of before['blind-index'] ?? [])
        for (const line of rowsUnder(left, id)) expect(line).toContain('of which 0 need it')
      await expect(
        house.operate('secrets', 'retire', 'refresh-token', before['refresh-token']?.[0] ?? ''),
      ).rejects.toThrow(/may come back until/)
      expect(await house.operate('secrets', 'retire', 'all', '--now', '--although-needed')).toContain(
        'is out of the keyring',
      )
      const after = versionsIn(house.keyringFile)
      for (const kind of kinds) {
        expect(after[kind], kind).toHaveLength(1)
        expect(before[kind]).not.toContain(after[kind]?.[0])
      }
      await pause(2_500)

      for (const person of [dora, eve, late, { ...bob, password: newPassword }])
        expect(await signsIn(person)(one)).toBeNull()
      expect(await emailOf(eve, apiKey(rare))(one)).toBeNull()
      await registered(other, aPerson('last'))
      for (const { asked, failures } of await Promise.all(load.map(({ stop }) => stop()))) {
        expect(failures).toEqual([])
        expect(asked).toBeGreaterThan(20)
      }
    }, 180_000)
  })
})

/** What `secrets status` says of the rows under a version. */
function rowsUnder(status: string, version: string): readonly string[] {
  const lines = status.split('\n')
  const at = lines.findIndex((line) => line.startsWith(`  ${version}:`))
  const end = lines.findIndex((line, index) => index > at && !line.startsWith('    '))
  return lines.slice(at + 1, end < 0 ? undefined : end)
}
