/** A person or a program in front of the gateway: asks over HTTP as any client would. */
import { setTimeout as pause } from 'node:timers/promises'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a story reads whatever it asked for
  readonly data: any
  readonly errors: readonly {
    message: string
    path?: readonly (string | number)[]
    extensions: Record<string, unknown>
  }[]
}

export type Credential = Readonly<Record<string, string>>

export const bearer = (accessToken: string): Credential => ({ authorization: `Bearer ${accessToken}` })
export const apiKey = (secret: string): Credential => ({ 'x-api-key': secret })
export const nobody: Credential = {}
/** As a proxy of ours would say where a client is: what it says of itself stands to the left. */
export const from = (address: string, ...said: readonly string[]): Credential => ({
  'x-forwarded-for': [...said, address].join(', '),
})
/** The device that a client says it is known by. */
export const knownBy = (deviceToken: string): Credential => ({ 'x-latchkey-device': deviceToken })

export async function ask(
  gateway: string,
  credential: Credential,
  query: string,
  variables: object = {},
): Promise<Answer> {
  const response = await fetch(`${gateway}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...credential },
    body: JSON.stringify({ query, variables }),
  })
  // Too late to be read: nobody has looked at it.
  if (response.status === 408) return ask(gateway, credential, query, variables)
  const { data, errors = [] } = (await response.json()) as Answer
  return { status: response.status, headers: response.headers, data, errors }
}

/** Asks again, when told to, for as long as what it asks is UNAVAILABLE, ten times at most. */
export async function patiently(request: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await request()
    const refusal = answer.errors.find(({ extensions }) => extensions.code === 'UNAVAILABLE')
    if (!refusal || tries === 10) return answer
    await pause(Number(refusal.extensions.retryAfterMs ?? 1_000))
  }
}

export const codesOf = (answer: Answer): unknown[] => answer.errors.map(({ extensions }) => extensions.code)

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

export async function mailsTo(gateway: string, address: string): Promise<readonly Mail[]> {
  const response = await fetch(`${gateway}/dev/mail?to=${encodeURIComponent(address)}`, {
    headers: { accept: 'application/json' },
  })
  return response.ok ? ((await response.json()) as Mail[]) : []
}

const mailWithinMs = 90_000

/** The newest of at least so many mails to the address that are such, awaited longer than any machine takes. */
export async function nextMail(
  gateway: string,
  address: string,
  { isSuch = (_mail: Mail): boolean => true, count = 1 } = {},
): Promise<Mail> {
  const untilMs = performance.now() + mailWithinMs
  while (performance.now() < untilMs) {
    const mails = (await mailsTo(gateway, address)).filter(isSuch)
    const newest = mails.at(-1)
    if (newest && mails.length >= count) return newest
    await pause(50)
  }
  throw new Error(`no such mail to ${address} arrived`)
}

export const tokenIn = (mail: Mail): string => /token=([\w%.~-]+)/.exec(mail.text)?.[1] ?? ''

let people = 0

export interface Person {
  readonly email: string
  readonly password: string
}

export const aPerson = (name = 'ada'): Person => ({
  email: `${name}.${process.pid}.${people++}@example.com`,
  password: 'correct horse battery staple',
})

export const register = /* GraphQL */ `mutation ($input: RegisterInput!) { register(input: $input) { outcome } }`
export const verify = /* GraphQL */ `mutation ($token: String!) { verifyEmail(input: { token: $token }) { outcome } }`
export const signInOperation = /* GraphQL */ `
  mutation ($input: SignInInput!) {
    signIn(input: $input) {
      __typename
      ... on SignedIn { accessToken refreshToken expiresAt deviceToken session { id } user { id } }
    }
  }`

/** Opens an account and confirms its address with the token from the mail. */
export async function registered(gateway: string, person: Person = aPerson()): Promise<Person> {
  await patiently(() => ask(gateway, nobody, register, { input: { ...person, displayName: 'Ada' } }))
  const token = tokenIn(await nextMail(gateway, person.email))
  await patiently(() => ask(gateway, nobody, verify, { token }))
  return person
}

export interface SignedIn extends Person {
  readonly accessToken: string
  readonly refreshToken: string
  readonly deviceToken: string
  readonly sessionId: string
  readonly userId: string
}

export async function signedIn(gateway: string, person?: Person): Promise<SignedIn> {
  const who = person ?? (await registered(gateway))
  const input = { email: who.email, password: who.password }
  const { data } = await patiently(() => ask(gateway, nobody, signInOperation, { input }))
  const { accessToken, refreshToken, deviceToken, session, user } = data.signIn
  return { ...who, accessToken, refreshToken, deviceToken, sessionId: session.id, userId: user.id }
}

interface Door {
  readonly gateways: readonly string[]
  grantRole(email: string, role: string): Promise<unknown>
}

/** Signed in only just, as an administrator. */
export async function anAdministrator({ gateways: [gateway = ''], grantRole }: Door): Promise<SignedIn> {
  const person = await registered(gateway)
  await grantRole(person.email, 'admin')
  return signedIn(gateway, person)
}

const livesMs = [2_500, 15_000, 90_000]

/**
 * What was done before a moment that comes soon, once that moment is over; where the machine was too slow for it, it is done again before
 * a later one.
 */
export async function doneBefore<Done>(work: (end: Date) => Promise<Done>): Promise<Done> {
  for (const lifeMs of livesMs) {
    const end = new Date(Date.now() + lifeMs)
    const isOver = () => Date.now() >= end.getTime()
    const done = await work(end).catch((fault: unknown) => {
      if (!isOver()) throw fault
    })
    if (done === undefined || isOver()) continue
    await pause(end.getTime() - Date.now())
    return done
  }
  throw new Error(`it cannot be done in ${livesMs.at(-1)} ms`)
}

const createKey = /* GraphQL */ `
  mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id name prefix scopes } } }`

export async function aKey(gateway: string, { accessToken }: SignedIn, scopes: readonly string[]) {
  const input = { name: 'reader', scopes }
  const { data } = await patiently(() => ask(gateway, bearer(accessToken), createKey, { input }))
  return data.createApiKey as { secret: string; apiKey: { id: string; name: string; prefix: string; scopes: string[] } }
}
