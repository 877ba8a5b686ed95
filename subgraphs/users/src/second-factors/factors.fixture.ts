/** What the tests of second factors ask, and the authenticator app they hold. */
import type { Principal, UserPrincipal } from '@latchkey/principal'
import { aService } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import type { SubgraphResponse } from '@latchkey/subgraph/transport'
import { field } from '../application.fixture.ts'
import { anAuthenticator, type Circumstances } from '../passkeys/authenticator.fixture.ts'
import type { UsersApplication } from '../subgraph.ts'
import { stepAt, totpCode } from '../totp/totp.ts'

const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) => base32Alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** What an app shows that was given this secret, some steps from now. */
export const codeOf = (secret: string, at: Date, steps = 0): string => totpCode(fromBase32(secret), stepAt(at) + steps)

export const codesOf = ({ errors }: SubgraphResponse) => (errors ?? []).map(({ extensions }) => extensions?.code)

export const mutate = (
  users: UsersApplication,
  principal: Principal,
  operation: string,
  variables: Record<string, unknown> = {},
) => ask(users.subgraph, principal, operation, variables)

export const enrolTotp = async (users: UsersApplication, person: UserPrincipal) => {
  const { data } = await mutate(users, person, 'mutation { enrolTotp { secret uri qr } }')
  return field<{ secret: string; uri: string; qr: string }>(data, 'enrolTotp')
}

interface Confirmed {
  readonly outcome: string
  readonly recoveryCodes: string[] | null
}

export const confirmTotp = async (users: UsersApplication, person: UserPrincipal, code: string) => {
  const operation = 'mutation ($code: String!) { confirmTotp(input: { code: $code }) { outcome recoveryCodes } }'
  return field<Confirmed>((await mutate(users, person, operation, { code })).data, 'confirmTotp')
}

/** Enrols and confirms an app; answers its secret and the recovery codes. */
export async function withTotp(users: UsersApplication, person: UserPrincipal, at: Date) {
  const { secret } = await enrolTotp(users, person)
  const { outcome, recoveryCodes } = await confirmTotp(users, person, codeOf(secret, at, -1))
  return { secret, outcome, recoveryCodes: recoveryCodes ?? [] }
}

export const removeTotp = (users: UsersApplication, person: UserPrincipal, input: Record<string, string> = {}) =>
  mutate(users, person, 'mutation ($input: RemoveTotpInput!) { removeTotp(input: $input) { outcome } }', { input })

interface Finished {
  readonly outcome: string
  readonly passkey: { readonly id: string; readonly name: string; readonly backedUp: boolean } | null
  readonly recoveryCodes: string[] | null
}

export const startPasskey = async (users: UsersApplication, person: UserPrincipal) => {
  const answer = await mutate(users, person, 'mutation { startPasskeyEnrolment { options } }')
  return field<{ options: string }>(answer.data, 'startPasskeyEnrolment').options
}

export const finishPasskey = (users: UsersApplication, person: UserPrincipal, response: string, name = 'laptop') =>
  mutate(
    users,
    person,
    `mutation ($input: FinishPasskeyEnrolmentInput!) { finishPasskeyEnrolment(input: $input) {
      outcome passkey { id name backedUp } recoveryCodes } }`,
    { input: { response, name } },
  )

/** Enrols the passkey of an authenticator. */
export async function withPasskey(
  users: UsersApplication,
  person: UserPrincipal,
  authenticator = anAuthenticator(),
  circumstances: Circumstances = {},
) {
  const response = authenticator.create(await startPasskey(users, person), circumstances)
  const answer = await finishPasskey(users, person, response)
  return { ...field<Finished>(answer.data, 'finishPasskeyEnrolment'), authenticator, response }
}

const sessions = aService('sessions')

interface Checked {
  readonly outcome: string
  readonly userId: string | null
  readonly sessionEpoch: number | null
}

/** What the sessions service asks. */
export const checkFactor = async (
  users: UsersApplication,
  userId: string,
  shown: Record<string, unknown>,
  reference = 'pending',
) => {
  const operation = `mutation ($userId: ID!, $reference: ID!, $shown: ShownFactorInput!) {
    checkSecondFactor(userId: $userId, reference: $reference, shown: $shown) { outcome userId sessionEpoch } }`
  const answer = await mutate(users, sessions, operation, { userId, reference, shown })
  return field<Checked>(answer.data, 'checkSecondFactor')
}

/** `filler`: a letter that canonical base64url may end in. */
export const aChallenge = (filler: 'A' | 'Q' = 'A') => filler.repeat(43)

export const passkeyOptions = async (users: UsersApplication, challenge: string, userId: string | null = null) => {
  const operation =
    'query ($challenge: String!, $userId: ID) { passkeyOptions(challenge: $challenge, userId: $userId) { options } }'
  const answer = await mutate(users, sessions, operation, { challenge, userId })
  return field<{ options: string }>(answer.data, 'passkeyOptions').options
}

export const checkPasskey = async (users: UsersApplication, challenge: string, response: string) => {
  const operation = `mutation ($challenge: String!, $response: String!) {
    checkPasskey(challenge: $challenge, response: $response) { outcome userId sessionEpoch } }`
  return field<Checked>((await mutate(users, sessions, operation, { challenge, response })).data, 'checkPasskey')
}

export const sendEmailCode = async (
  users: UsersApplication,
  userId: string,
  reference = 'pending',
  purpose?: string,
) => {
  const operation = `mutation ($userId: ID!, $reference: ID!, $purpose: EmailCodePurpose) {
    sendEmailCode(userId: $userId, reference: $reference, purpose: $purpose) { outcome } }`
  const answer = await mutate(users, sessions, operation, { userId, reference, purpose })
  return field<{ outcome: string }>(answer.data, 'sendEmailCode').outcome
}

export interface ShownFactors {
  readonly secondFactors: string[]
  readonly recoveryCodesLeft: number
  readonly passkeys: {
    readonly id: string
    readonly name: string
    readonly lastUsedAt: string | null
    readonly signCountAlarmAt: string | null
  }[]
}

export const factorsOf = async (users: UsersApplication, person: UserPrincipal) => {
  const query = '{ me { secondFactors recoveryCodesLeft passkeys { id name lastUsedAt signCountAlarmAt } } }'
  return field<ShownFactors>((await mutate(users, person, query)).data, 'me')
}

export const matches = (answers: readonly { readonly outcome: string }[], outcome = 'MATCH') =>
  answers.filter((answer) => answer.outcome === outcome).length
