/** What people do with second factors: add each kind, sign in with each, and stop half-way. */
import { systemClock } from '@latchkey/clock'
import { anAuthenticator } from '@latchkey/users/authenticator'
import { bytesOf, shownCode } from '../support/authenticator-app.ts'
import { ask, bearer, nobody } from '../support/client.ts'
import type { Topology } from '../support/topology.ts'
import {
  beginSignIn,
  completeSignIn,
  expectOutcome,
  type Hidden,
  type Leaver,
  mailAbout,
  perform,
  resultFields,
  type Story,
  tokensOf,
  withSession,
} from './person.ts'

const nowMs = () => systemClock.now().getTime()

/** Under names of their own. */
const numbered = (what: string, texts: readonly string[]): Hidden =>
  Object.fromEntries(texts.map((text, at) => [`${what} ${at + 1}`, text]))

async function addApp({ gateways: [gateway] }: Topology, { accessToken }: Leaver) {
  const { data } = await ask(gateway, bearer(accessToken), 'mutation { enrolTotp { secret } }')
  const secret: string = data.enrolTotp.secret
  const code = shownCode(secret, nowMs())
  const confirmed = await perform(gateway, bearer(accessToken), 'confirmTotp', { code }, 'outcome recoveryCodes')
  expectOutcome(confirmed, 'CONFIRMED')
  return { secret, code, recoveryCodes: confirmed.recoveryCodes as readonly string[] }
}

const start = 'mutation { startPasskeyEnrolment { options } }'

async function addPasskey({ gateways: [gateway, other] }: Topology, { accessToken }: Leaver) {
  const mine = bearer(accessToken)
  const authenticator = anAuthenticator()
  const enrolment = async () => (await ask(gateway, mine, start)).data.startPasskeyEnrolment.options as string
  const [first, second] = ['the brass key of the lighthouse', 'the silver key of the lighthouse']
  const input = { response: authenticator.create(await enrolment()), name: first }
  const { outcome, passkey } = await perform(other, mine, 'finishPasskeyEnrolment', input, 'outcome passkey { id }')
  expectOutcome({ outcome }, 'ENROLLED')
  await perform(gateway, mine, 'renamePasskey', { id: passkey.id, name: second })
  // Another enrolment is begun and never finished.
  const challenge: string = JSON.parse(await enrolment()).challenge
  return { authenticator, names: [first, second], challenge }
}

/** With a code by mail; the pending sign-in it was for. */
async function byMail(house: Topology, person: Leaver) {
  const [gateway, other] = house.gateways
  const challengeId = await beginSignIn(gateway, person)
  await perform(other, nobody, 'startSecondFactor', { challengeId, factor: 'EMAIL_CODE' })
  const { text } = await mailAbout(house, person.email, /Your code to sign in/)
  const code = /\d{4} \d{4}/.exec(text)?.[0] ?? ''
  return { challengeId, code, session: await completeSignIn(gateway, person, { challengeId, emailCode: code }) }
}

async function byPasskey({ gateways: [gateway, other] }: Topology, person: Leaver, get: (options: string) => string) {
  const challengeId = await beginSignIn(gateway, person)
  const input = { challengeId, factor: 'PASSKEY' }
  const { options } = await perform(other, nobody, 'startSecondFactor', input, 'options')
  const second = await completeSignIn(gateway, person, { challengeId, passkey: get(options) })
  const { data } = await ask(gateway, nobody, 'mutation { startPasskeySignIn { challengeId options } }')
  const begun = data.startPasskeySignIn
  const alone = { challengeId: begun.challengeId, response: get(begun.options) }
  const session = withSession(person, await perform(other, nobody, 'finishPasskeySignIn', alone, resultFields))
  return { challengeIds: [challengeId, begun.challengeId as string], sessions: [second, session] }
}

/** Whoever waits until the app shows the next code uses no code twice. */
async function byApp({ gateways: [gateway] }: Topology, person: Leaver, secret: string) {
  const challengeId = await beginSignIn(gateway, person)
  const wrong = shownCode(secret, nowMs(), 40)
  await perform(gateway, nobody, 'completeSecondFactor', { challengeId, totp: wrong }, '__typename')
  const totp = shownCode(secret, nowMs(), 1)
  return { challengeId, codes: [wrong, totp], session: await completeSignIn(gateway, person, { challengeId, totp }) }
}

export const secondFactorStories: readonly Story[] = [
  {
    name: 'adds every second factor, and signs in with each',
    async play(house, person) {
      const [gateway] = house.gateways
      const app = await addApp(house, person)
      const key = await addPasskey(house, person)
      await ask(gateway, bearer(person.accessToken), 'mutation { enableEmailCodes { recoveryCodes } }')
      const [recoveryCode = '', ...recoveryCodes] = app.recoveryCodes
      const app2 = await byApp(house, person, app.secret)
      const mailed = await byMail(house, person)
      const passkeys = await byPasskey(house, person, (options) => key.authenticator.get(options))
      const challengeId = await beginSignIn(gateway, person)
      const recovered = await completeSignIn(gateway, person, { challengeId, recoveryCode: recoveryCode.toLowerCase() })
      await mailAbout(house, person.email, /A recovery code was used/)
      const sessions = [app2.session, mailed.session, ...passkeys.sessions, recovered]
      return {
        hidden: {
          'TOTP secret': app.secret,
          'TOTP secret in hex': bytesOf(app.secret).toString('hex'),
          'TOTP secret in base64': bytesOf(app.secret).toString('base64').replace(/=+$/, ''),
          ...numbered('TOTP code', [app.code, ...app2.codes]),
          ...numbered('recovery code', app.recoveryCodes),
          ...numbered(
            'recovery code without dashes',
            app.recoveryCodes.map((code) => code.replaceAll('-', '')),
          ),
          ...numbered('passkey name', key.names),
          'email code': mailed.code,
          ...numbered('completed sign-in', [app2.challengeId, ...passkeys.challengeIds, challengeId]),
          ...numbered(
            'access token',
            sessions.map(({ accessToken }) => accessToken),
          ),
          ...numbered(
            'refresh token',
            sessions.map(({ refreshToken }) => refreshToken),
          ),
        },
        untilErased: {
          'id of the passkey': key.authenticator.id,
          'challenge of an enrolment': key.challenge,
          // Names the row of the code that was used, and opens nothing: the sign-in is complete.
          'sign-in that was completed by mail': mailed.challengeId,
        },
        person: { ...recovered, recoveryCodes },
      }
    },
  },
  {
    name: 'begins to sign in and stops half-way',
    async play({ gateways: [, gateway] }, person) {
      const waiting = await beginSignIn(gateway, person)
      const { data } = await ask(gateway, nobody, 'mutation { startPasskeySignIn { challengeId options } }')
      const { challengeId } = data.startPasskeySignIn
      return {
        hidden: tokensOf(person),
        passing: { 'pending sign-in': waiting, 'pending passkey sign-in': challengeId },
      }
    },
  },
]
