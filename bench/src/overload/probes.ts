/** Those who are to be answered whatever happens: who asks for themselves, who signs in, who ends a session. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Caller, System } from '../system.ts'
import { password } from '../system.ts'

export interface Answered {
  /** `OK`, or the code of its first error; `nothing` where no answer came. */
  readonly outcome: string
  readonly tookMs: number
}

interface Answer {
  readonly data?: { signIn?: { accessToken: string; session: { id: string } } } | null
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[]
}

/** Its text is the same whoever asks, as with any client: what is known is known by its text. */
export interface Question {
  readonly query: string
  readonly variables?: object
}

async function post(url: string, { query, variables }: Question, accessToken?: string) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(accessToken && { authorization: `Bearer ${accessToken}` }) },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(10_000),
  })
  const answer = (await response.json()) as Answer
  return { outcome: answer.errors ? (answer.errors[0]?.extensions?.code ?? 'unknown') : 'OK', answer }
}

export async function timed(url: string, question: Question, accessToken?: string): Promise<Answered> {
  const begunMs = performance.now()
  const { outcome } = await post(url, question, accessToken).catch(() => ({ outcome: 'nothing' }))
  return { outcome, tookMs: performance.now() - begunMs }
}

const signIn = (number: number): Question => ({
  query: 'mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { accessToken session { id } } } }',
  variables: { input: { email: `caller${number}@example.com`, password } },
})

const revokeSession = (id: string): Question => ({
  query: 'mutation ($id: ID!) { revokeSession(id: $id) { sessionId } }',
  variables: { id },
})

const me: Question = { query: '{ me { id email } }' }

/** A session that is to end, and whose it is. */
export interface Doomed {
  readonly id: string
  readonly accessToken: string
  readonly owner: Caller
}

/** One more is ended at once, so that it is known how. */
export async function sessionsToRevoke({ url, callers }: System, count: number): Promise<readonly Doomed[]> {
  const found: Doomed[] = []
  for (let number = 0; found.length <= count; number++) {
    const owner = callers[number % callers.length]
    const { answer } = await post(url, signIn(number % callers.length))
    const signedIn = answer.data?.signIn
    if (!owner || !signedIn) throw new Error(`a sign-in before the crowd: ${JSON.stringify(answer)}`)
    found.push({ id: signedIn.session.id, accessToken: signedIn.accessToken, owner })
  }
  const [first, ...others] = found
  if (first) await revoke(url, first)
  return others
}

/** Ended by another session of the same person, asked again while it is refused; `OK` when the very next request of the ended one is refused. */
async function revoke(url: string, { id, accessToken, owner }: Doomed): Promise<Answered> {
  const begunMs = performance.now()
  let { outcome } = await timed(url, revokeSession(id), owner.accessToken)
  while (outcome === 'UNAVAILABLE' && performance.now() - begunMs < 10_000) {
    await pause(100)
    outcome = (await timed(url, revokeSession(id), owner.accessToken)).outcome
  }
  const tookMs = performance.now() - begunMs
  if (outcome !== 'OK') return { outcome, tookMs }
  let after = 'UNAVAILABLE'
  while (after === 'UNAVAILABLE') after = (await timed(url, me, accessToken)).outcome
  return { outcome: after === 'CREDENTIAL_REJECTED' ? 'OK' : `then ${after}`, tookMs }
}

/** Asks at a steady pace, whether answers come or not, until told to stop. */
function steadily(everyMs: number, askOnce: (at: number) => Promise<Answered>) {
  const asked: Promise<Answered>[] = []
  const timer = setInterval(() => asked.push(askOnce(asked.length)), everyMs)
  return async (): Promise<readonly Answered[]> => {
    clearInterval(timer)
    return Promise.all(asked)
  }
}

const none: Answered = { outcome: 'none left', tookMs: 0 }

/** What is asked beside a crowd; to be told to stop. */
export function probe({ url, callers }: System, doomed: readonly Doomed[]) {
  const tokenOf = (at: number) => callers[at % callers.length]?.accessToken
  const stopMe = steadily(50, (at) => timed(url, me, tokenOf(at)))
  const stopEntering = steadily(500, (at) => timed(url, signIn(at % callers.length)))
  let left = [...doomed]
  const stopEnding = steadily(1_000, async () => {
    const [next, ...others] = left
    left = others
    return next ? revoke(url, next) : none
  })
  return async () => {
    const [asked, entered, ended] = await Promise.all([stopMe(), stopEntering(), stopEnding()])
    return { me: asked, signIns: entered, revocations: ended.filter((answered) => answered !== none) }
  }
}
