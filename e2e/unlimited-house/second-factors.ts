import { systemClock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { createSealer } from '@latchkey/principal/envelope'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { shownCode } from '../support/authenticator-app.ts'
import {
  type Answer,
  aKey,
  apiKey,
  ask,
  bearer,
  codesOf,
  nobody,
  type Person,
  type SignedIn,
  signedIn,
} from '../support/client.ts'
import { rounds, timeForRounds } from '../support/rounds.ts'
import type { Topology } from '../support/topology.ts'

const result =
  '__typename ... on SignedIn { accessToken deviceToken } ... on SecondFactorRequired { challengeId factors }'
const signInOperation = `mutation ($input: SignInInput!) { signIn(input: $input) { ${result} } }`
const completeOperation = `mutation ($input: CompleteSecondFactorInput!) { completeSecondFactor(input: $input) { ${result} } }`

const nowMs = () => systemClock.now().getTime()

export function secondFactorStories(openHouse: () => Topology): void {
  let topology: Topology
  beforeAll(async () => {
    topology = openHouse()
  })

  const one = () => topology.gateways[0]
  const signIn = async ({ email, password }: Person) => {
    const { data, errors } = await ask(one(), nobody, signInOperation, { input: { email, password } })
    expect(errors).toEqual([])
    return data.signIn
  }
  const complete = (gateway: string, input: Record<string, unknown>) =>
    ask(gateway, nobody, completeOperation, { input })
  const typeOf = (answer: Answer) => answer.data?.completeSecondFactor?.__typename ?? codesOf(answer)[0]

  /** Enrols an app; its code of this step is used up. */
  async function withApp(person: SignedIn) {
    const mine = bearer(person.accessToken)
    const { secret } = (await ask(one(), mine, 'mutation { enrolTotp { secret } }')).data.enrolTotp
    const confirm = 'mutation ($code: String!) { confirmTotp(input: { code: $code }) { outcome recoveryCodes } }'
    const { outcome, recoveryCodes } = (await ask(one(), mine, confirm, { code: shownCode(secret, nowMs()) })).data
      .confirmTotp
    return { secret: secret as string, outcome, recoveryCodes: recoveryCodes as string[], mine }
  }
  const nextCode = (secret: string) => shownCode(secret, nowMs(), 1)

  /** Every pending sign-in five times, by turns on both gateways. */
  const tryAtOnce = (challengeIds: readonly string[], factor: Record<string, string>) =>
    Promise.all(
      challengeIds.flatMap((challengeId) =>
        [0, 1, 0, 1, 0].map((which) => complete(topology.gateways[which] ?? one(), { challengeId, ...factor })),
      ),
    )
  /** One after the other: what is raced is the factor, not the hashing of passwords. */
  async function pendings(person: Person, count: number): Promise<readonly string[]> {
    const challengeIds: string[] = []
    while (challengeIds.length < count) challengeIds.push((await signIn(person)).challengeId)
    return challengeIds
  }

  it('ends the other sessions with the first factor, on every gateway with the next request', async () => {
    const person = await signedIn(one())
    const other = await signedIn(one(), person)
    const { outcome, mine } = await withApp(person)
    expect(outcome).toBe('CONFIRMED')
    for (const gateway of topology.gateways) {
      expect(codesOf(await ask(gateway, bearer(other.accessToken), '{ me { id } }'))).toEqual(['CREDENTIAL_REJECTED'])
      expect((await ask(gateway, mine, '{ me { secondFactors } }')).data.me).toEqual({
        secondFactors: ['TOTP', 'RECOVERY_CODE'],
      })
    }
  })

  it('asks for the factor after the password, and takes a code of the app once', async () => {
    const person = await signedIn(one())
    const { secret } = await withApp(person)
    const required = await signIn(person)
    expect(required).toEqual({
      __typename: 'SecondFactorRequired',
      challengeId: expect.stringMatching(/^pen_/),
      factors: ['TOTP', 'RECOVERY_CODE'],
    })
    const totp = nextCode(secret)
    const answer = await complete(topology.gateways[1], { challengeId: required.challengeId, totp })
    expect(typeOf(answer)).toBe('SignedIn')
    const me = await ask(one(), bearer(answer.data.completeSecondFactor.accessToken), '{ me { id } }')
    expect(me.data.me.id).toBe(person.userId)
    const again = await signIn(person)
    expect(typeOf(await complete(one(), { challengeId: again.challengeId, totp }))).toBe('SignInRefused')
  })

  it(
    `gives 200 who show one code at once, over forty sign-ins and two gateways, one session, ${rounds} times over`,
    timeForRounds,
    async () => {
      for (let round = 0; round < rounds; round++) {
        const person = await signedIn(one())
        const { secret, recoveryCodes } = await withApp(person)
        // Shown once everybody waits for it: forty sign-ins may take longer than a code is good for.
        for (const shown of [() => ({ totp: nextCode(secret) }), () => ({ recoveryCode: recoveryCodes[0] ?? '' })]) {
          const challengeIds = await pendings(person, 40)
          const answers = await tryAtOnce(challengeIds, shown())
          expect(answers).toHaveLength(200)
          expect(answers.map(typeOf).filter((type) => type === 'SignedIn')).toHaveLength(1)
        }
      }
    },
  )

  describe('a trusted device', () => {
    const me = '{ me { trustedDevices { id name expiresAt } } }'
    const onDevice = async ({ email, password }: Person, deviceToken: string, which: 0 | 1 = 1) => {
      const input = { email, password }
      const answer = await ask(topology.gateways[which], { 'x-latchkey-device': deviceToken }, signInOperation, {
        input,
      })
      return answer.data.signIn
    }
    async function withTrustedDevice() {
      const person = await signedIn(one())
      const { recoveryCodes, mine } = await withApp(person)
      const { challengeId } = await signIn(person)
      const input = { challengeId, recoveryCode: recoveryCodes[0], trustDevice: true }
      const { deviceToken, accessToken } = (await complete(topology.gateways[1], input)).data.completeSecondFactor
      expect((await onDevice(person, deviceToken)).__typename).toBe('SignedIn')
      return { ...person, mine, deviceToken: deviceToken as string, recoveryCodes, second: bearer(accessToken) }
    }

    it('is asked for no factor on either gateway, and nobody else is left out of it', async () => {
      const [ada, eve] = [await withTrustedDevice(), await withTrustedDevice()]
      expect((await onDevice(ada, ada.deviceToken, 0)).__typename).toBe('SignedIn')
      expect((await onDevice(eve, ada.deviceToken)).__typename).toBe('SecondFactorRequired')
      expect((await onDevice({ ...ada, password: 'not the password' }, ada.deviceToken)).__typename).toBe(
        'SignInRefused',
      )
      const { trustedDevices } = (await ask(one(), ada.mine, me)).data.me
      expect(trustedDevices).toEqual([
        { id: expect.stringMatching(/^dev_/), name: expect.any(String), expiresAt: expect.any(String) },
      ])
      expect((await ask(one(), bearer((await onDevice(ada, ada.deviceToken)).accessToken), me)).errors).toEqual([])
    })

    it.each([
      [
        'its person takes the trust back',
        async ({ mine }) => {
          await ask(one(), mine, 'mutation { revokeTrustedDevices { ids } }')
        },
      ],
      [
        'the password is changed',
        async ({ mine, password }) => {
          const input = { currentPassword: password, newPassword: 'another horse battery' }
          const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { outcome } }'
          expect((await ask(one(), mine, change, { input })).data.changePassword.outcome).toBe('CHANGED')
          return { password: input.newPassword }
        },
      ],
      [
        'the factors change',
        async ({ second }) => {
          const regenerate = 'mutation { regenerateRecoveryCodes { recoveryCodes } }'
          expect((await ask(one(), second, regenerate)).errors).toEqual([])
        },
      ],
    ] as readonly (readonly [
      string,
      (who: Awaited<ReturnType<typeof withTrustedDevice>>) => Promise<Partial<Person> | undefined>,
    ])[])('is asked for it again once %s', async (_what, happens) => {
      const who = await withTrustedDevice()
      const now = { ...who, ...(await happens(who)) }
      expect((await onDevice(now, who.deviceToken)).__typename).toBe('SecondFactorRequired')
      expect((await onDevice(now, who.deviceToken, 0)).__typename).toBe('SecondFactorRequired')
    })
  })

  it('makes the pending sign-in worth nothing but its completion', async () => {
    const person = await signedIn(one())
    await withApp(person)
    const { challengeId } = await signIn(person)
    for (const credential of [bearer(challengeId), { 'x-api-key': challengeId }])
      expect(codesOf(await ask(one(), credential, '{ me { id } }'))).toEqual(['CREDENTIAL_REJECTED'])
    const refresh = 'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }'
    const answer = await ask(one(), nobody, refresh, { token: challengeId })
    expect(answer.data.refreshSession.__typename).toBe('SignInRefused')
  })

  const stepUpOperation = `mutation ($input: StepUpInput!) { stepUp(input: $input) { __typename ... on SignedIn { accessToken } } }`
  const paidWith = 'query ($id: ID!) { order(id: $id) { paidWith } }'
  const stepUp = (gateway: string, token: string, input: Record<string, string>) =>
    ask(gateway, bearer(token), stepUpOperation, { input })

  it('raises a session for a field that asks for two factors, with a code that is worth one step-up, at both layers', async () => {
    const person = await signedIn(one())
    const { secret, recoveryCodes } = await withApp(person)
    const order = { id: `${person.userId}-2` }
    for (const gateway of topology.gateways) {
      const refused = await ask(gateway, bearer(person.accessToken), paidWith, order)
      expect([refused.status, refused.data]).toEqual([403, undefined])
      expect(refused.errors).toEqual([
        {
          message: expect.any(String),
          extensions: {
            code: 'STEP_UP_REQUIRED',
            assurance: { level: 'AAL2', maxAgeSeconds: 600 },
            factors: ['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE'],
            decisionId: refused.headers.get('x-request-id'),
          },
        },
      ])
    }
    const byPassword = await stepUp(one(), person.accessToken, { password: person.password })
    expect(byPassword.data.stepUp.__typename).toBe('SignInRefused')
    const totp = nextCode(secret)
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, turn) =>
        stepUp(topology.gateways[turn % 2] ?? one(), person.accessToken, { totp }),
      ),
    )
    // Whoever waited too long for the others' turns is told UNAVAILABLE, though it may have been the one that used the code up.
    const won = answers.flatMap(({ data }) =>
      data?.stepUp?.__typename === 'SignedIn' ? [data.stepUp.accessToken] : [],
    )
    const isTold = answers.some((answer) => codesOf(answer)[0] === 'UNAVAILABLE')
    expect([answers.length, won.length]).toEqual([200, isTold ? expect.toSatisfy((count) => count <= 1) : 1])
    const again = async () => (await stepUp(one(), person.accessToken, { recoveryCode: recoveryCodes[1] ?? '' })).data
    const raised = won[0] ?? (await again()).stepUp.accessToken
    const shown = await ask(topology.gateways[1], bearer(raised), paidWith, order)
    expect(shown.data).toEqual({ order: { paidWith: 'Card ending in 4242' } })
    // The token of before gains nothing, and neither does a key that its owner makes now.
    expect(codesOf(await ask(one(), bearer(person.accessToken), paidWith, order))).toEqual(['STEP_UP_REQUIRED'])
    const key = await aKey(one(), { ...person, accessToken: raised }, ['profile:read', 'orders:read'])
    expect(codesOf(await ask(one(), apiKey(key.secret), paidWith, order))).toEqual(['FORBIDDEN'])
    const replayed = await stepUp(one(), raised, { totp })
    expect(replayed.data.stepUp.__typename).toBe('SignInRefused')
    expect((await stepUp(one(), raised, { recoveryCode: recoveryCodes[0] ?? '' })).data.stepUp.__typename).toBe(
      'SignedIn',
    )
  })

  it('is asked for by the subgraph too, however well the caller’s envelope is sealed', async () => {
    const seal = createSealer({
      issuer: 'gateway',
      privateKey: topology.secrets.signingKey('gateway'),
      clock: systemClock,
    })
    const askOrders = async (principal: Principal) => {
      const answer = await fetch(topology.subgraphUrls.orders ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'latchkey-principal': await seal(principal, 'orders') },
        body: JSON.stringify({ query: '{ order(id: "usr_ada-2") { paidWith } }' }),
      })
      return answer.text()
    }
    const nowS = Math.floor(nowMs() / 1_000)
    const ada = aUser({ scopes: ['orders:read'], acr: 'aal2', authTime: nowS })
    expect(await askOrders(ada)).toContain('Card ending in 4242')
    for (const weak of [
      { ...ada, acr: 'aal1' as const },
      { ...ada, authTime: nowS - 610 },
    ])
      expect(await askOrders(weak)).toContain('"STEP_UP_REQUIRED"')
    expect(await askOrders(anApiKey({ scopes: ['orders:read'] }))).toContain('"FORBIDDEN"')
  })

  it('keeps one person’s factor out of another’s sign-in', async () => {
    const [ada, eve] = [await signedIn(one()), await signedIn(one())]
    await withApp(ada)
    const eves = await withApp(eve)
    const { challengeId } = await signIn(ada)
    expect(typeOf(await complete(one(), { challengeId, totp: nextCode(eves.secret) }))).toBe('SignInRefused')
    expect(typeOf(await complete(one(), { challengeId, recoveryCode: eves.recoveryCodes[0] }))).toBe('SignInRefused')
  })

  it('looks at one factor in an operation', async () => {
    const aliases = `mutation { a: completeSecondFactor(input: { challengeId: "x", totp: "1" }) { __typename }
      b: completeSecondFactor(input: { challengeId: "x", totp: "2" }) { __typename } }`
    expect(codesOf(await ask(one(), nobody, aliases))).toEqual(['OPERATION_TOO_COSTLY'])
  })

  it('hides from everybody what the services ask each other', async () => {
    const person = await signedIn(one())
    for (const operation of [
      'mutation { checkSecondFactor(userId: "x", reference: "x", shown: { totp: "1" }) { outcome } }',
      'mutation { checkPasskey(challenge: "x", response: "{}") { outcome } }',
      'mutation { sendEmailCode(userId: "x", reference: "x") { outcome } }',
      'mutation { sendSignInMail(email: "x@example.com") { reference } }',
      'mutation { checkSignInLink(token: "x") { outcome } }',
      'mutation { trustDevice(userId: "x", deviceId: "x", sessionEpoch: 0) { outcome } }',
      '{ passkeyOptions(challenge: "x") { options } }',
    ])
      expect(codesOf(await ask(one(), bearer(person.accessToken), operation))).toContain('GRAPHQL_VALIDATION_FAILED')
  })
}
