/** The deployment that is attacked, as a client reaches it. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly data: Readonly<Record<string, unknown>> | null
  readonly messages: readonly string[]
  /** Of the errors. */
  readonly codes: readonly string[]
  readonly tookMs: number
}

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | null
  readonly path?: string
}

export interface Target {
  readonly origin: string
  /** Two who are signed in, by their access tokens; `null` where nobody can be had. */
  readonly people: readonly [ada: string, eve: string] | null
  ask(query: string, variables?: object, headers?: Readonly<Record<string, string>>): Promise<Answer>
  send(sent: Sent): Promise<Answer>
}

export interface TargetOptions {
  /** Access tokens of two people who may be used. */
  readonly tokens: readonly string[]
}

/** No single answer may take longer: what does is a way to put the deployment out of work. */
const answerWithinMs = 15_000
const json = { 'content-type': 'application/json', accept: 'application/json' }

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** Rejects when nobody answers. */
export async function createTarget(origin: string, { tokens }: TargetOptions): Promise<Target> {
  const send = (sent: Sent) => exchange(origin, sent)
  const ask: Target['ask'] = (query, variables = {}, headers = {}) =>
    send({ headers: { ...json, ...headers }, body: JSON.stringify({ query, variables }) })
  await ask('{ __typename }')
  const [ada, eve] = tokens
  const people = ada !== undefined && eve !== undefined ? ([ada, eve] as const) : await signUpTwo({ ask, send })
  return { origin, people, ask, send }
}

async function exchange(origin: string, { method = 'POST', headers = json, body = null, path = '/graphql' }: Sent) {
  const startedMs = performance.now()
  const signal = AbortSignal.timeout(answerWithinMs)
  const response = await fetch(`${origin}${path}`, { method, headers, body, signal, redirect: 'manual' })
  const text = await response.text()
  const { data = null, errors = [] } = parsed(text)
  return {
    status: response.status,
    headers: response.headers,
    ...{ text, data, tookMs: performance.now() - startedMs },
    messages: errors.map(({ message }) => message),
    codes: errors.map(({ extensions }) => extensions?.code ?? ''),
  }
}

interface Body {
  readonly data?: Record<string, unknown> | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[]
}

function parsed(text: string): Body {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {}
  } catch {
    return {}
  }
}

type Reached = Pick<Target, 'ask' | 'send'>

/** Where mails can be read, which is in development; elsewhere `null`. */
async function signUpTwo(reached: Reached): Promise<Target['people']> {
  const mail = await reached.send({ method: 'GET', path: '/dev/mail?to=nobody@example.com', headers: json })
  if (mail.status !== 200) return null
  return [await signUp(reached, 'ada'), await signUp(reached, 'eve')]
}

async function signUp({ ask, send }: Reached, name: string): Promise<string> {
  const email = `${name}.${randomBytes(6).toString('hex')}@example.com`
  const password = randomBytes(18).toString('base64url')
  const input = { email, password, displayName: name }
  await ask('mutation ($input: RegisterInput!) { register(input: $input) { outcome } }', { input })
  const token = await mailedToken(send, email)
  await ask('mutation ($token: String!) { verifyEmail(input: { token: $token }) { outcome } }', { token })
  const { data } = await ask(
    'mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { accessToken } } }',
    { input: { email, password } },
  )
  const { accessToken } = (data?.signIn ?? {}) as { accessToken?: string }
  if (accessToken === undefined) throw new Error('nobody could be signed in')
  return accessToken
}

async function mailedToken(send: Target['send'], email: string): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const { text } = await send({ method: 'GET', path: `/dev/mail?to=${encodeURIComponent(email)}`, headers: json })
    const token = /token=([\w.~-]+)/.exec(text)?.[1]
    if (token) return token
    await pause(50)
  }
  throw new Error(`no mail to ${email} arrived`)
}
