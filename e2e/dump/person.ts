/** Who the stories are about, and what everybody in them does: asks, reads mails, signs in. */
import {
  ask,
  bearer,
  type Credential,
  type Mail,
  mailsTo,
  nextMail,
  nobody,
  type Person,
  type SignedIn,
  signedIn,
  tokenIn,
} from '../support/client.ts'
import type { Topology } from '../support/topology.ts'

/** By what it is: secrets and whatever says who somebody is. */
export type Hidden = Readonly<Record<string, string>>

export interface Played {
  /** What nobody may be able to read from now on. */
  readonly hidden: Hidden
  /** What may be read while the person is there, and nowhere once they are erased. */
  readonly untilErased?: Hidden
  /** What may stand in Redis for a few minutes, under an end of its own, and nowhere else. */
  readonly passing?: Hidden
  /** Who the person is now, when that has changed. */
  readonly person?: Leaver
}

export interface Story {
  readonly name: string
  play(house: Topology, person: Leaver, administrator: SignedIn): Promise<Played>
}

/** The person a story is about, in words that stand nowhere else. */
export interface Leaver extends SignedIn {
  readonly displayName: string
  /** Every address they ever had here. */
  readonly addresses: readonly string[]
  /** Not used yet. */
  readonly recoveryCodes: readonly string[]
}

/** A mutation with one input; throws when it is refused. */
export async function perform(
  gateway: string,
  credential: Credential,
  mutation: string,
  input: object,
  selection = '__typename',
) {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`
  const operation = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} } }`
  const { data, errors } = await ask(gateway, credential, operation, { input })
  if (errors.length > 0) throw new Error(`${mutation} was refused: ${JSON.stringify(errors)}`)
  return data[mutation]
}

/** Throws when it did not come to this. */
export function expectOutcome({ outcome }: { readonly outcome: string }, expected: string): void {
  if (outcome !== expected) throw new Error(`${outcome} instead of ${expected}`)
}

/** The newest of so many. */
export const mailAbout = (house: Topology, address: string, subject: RegExp, count = 1): Promise<Mail> =>
  nextMail(house.gateways[0], address, { isSuch: (one) => subject.test(one.subject), count })

/** Every token and every code that was sent to somebody. */
export async function secretsInMails(house: Topology, { addresses }: Pick<Leaver, 'addresses'>): Promise<Hidden> {
  const mails = await Promise.all(addresses.map((address) => mailsTo(house.gateways[0], address)))
  const found = mails.flat().flatMap(({ subject, text }) => {
    const tokens = [...text.matchAll(/token=([\w%.~-]+)/g)].map(([, token = '']) => token)
    const codes = [...text.matchAll(/(?<!\d)(\d{8}|\d{4} \d{4})(?!\d)/g)].flatMap(([code]) => [
      code,
      code.replace(' ', ''),
    ])
    return [...tokens, ...codes].map((secret) => ({ subject, secret }))
  })
  return Object.fromEntries(found.map(({ subject, secret }, at) => [`${at} of the mails, in “${subject}”`, secret]))
}

const signedInFields = 'accessToken refreshToken deviceToken session { id } user { id }'
export const resultFields = `__typename ... on SignedIn { ${signedInFields} } ... on SecondFactorRequired { challengeId factors }`

interface SignInResult {
  readonly __typename: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly deviceToken: string
  readonly session: { readonly id: string }
  readonly user: { readonly id: string }
}

/** The person with a new session. */
export function withSession(person: Leaver, result: SignInResult): Leaver {
  const { __typename, accessToken, refreshToken, deviceToken, session, user } = result
  if (__typename !== 'SignedIn') throw new Error(`${__typename} instead of a session`)
  return { ...person, accessToken, refreshToken, deviceToken, sessionId: session.id, userId: user.id }
}

/** Types the password where another factor is asked for; answers what waits. */
export async function beginSignIn(gateway: string, { email, password }: Person): Promise<string> {
  const result = await perform(gateway, nobody, 'signIn', { email, password }, resultFields)
  if (result.__typename !== 'SecondFactorRequired')
    throw new Error(`no second factor was asked for: ${result.__typename}`)
  return result.challengeId
}

export async function completeSignIn(gateway: string, person: Leaver, input: Record<string, string>): Promise<Leaver> {
  return withSession(person, await perform(gateway, nobody, 'completeSecondFactor', input, resultFields))
}

/** With the password alone. */
export async function signInAgain(gateway: string, person: Leaver): Promise<Leaver> {
  return { ...person, ...(await signedIn(gateway, { email: person.email, password: person.password })) }
}

export const tokensOf = ({ accessToken, refreshToken, deviceToken }: SignedIn): Hidden => ({
  ...{ accessToken, refreshToken, deviceToken },
})

export const versionOf = async (gateway: string, { accessToken }: SignedIn): Promise<number> =>
  (await ask(gateway, bearer(accessToken), '{ me { version } }')).data.me.version

/** Opens an account and signs in. */
export async function arrive(house: Topology, name: string): Promise<{ person: Leaver; hidden: Hidden }> {
  const [gateway] = house.gateways
  const who = { email: `${name}.${process.pid}@quillfeather.example`, password: `${name} rides a paper tiger home` }
  const displayName = `${name} Quillfeather`
  await perform(gateway, nobody, 'register', { ...who, displayName })
  const token = tokenIn(await mailAbout(house, who.email, /Confirm/))
  await perform(gateway, nobody, 'verifyEmail', { token })
  const session = await signedIn(gateway, who)
  const person = { ...session, displayName, addresses: [who.email], recoveryCodes: [] }
  const hidden = { address: who.email, password: who.password, displayName, 'confirmation token': token }
  return { person, hidden: { ...hidden, ...tokensOf(person) } }
}
