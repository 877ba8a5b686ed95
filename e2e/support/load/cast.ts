/** Who is in a house that is in use, and what they ask. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Answer,
  aKey,
  ask,
  bearer,
  codesOf,
  nobody,
  type Person,
  registered,
  type SignedIn,
  signedIn,
  signInOperation,
} from '../client.ts'
import { isServed } from './tally.ts'

export const everything = '{ me { id email sessions { id } apiKeys { id } } }'
export const whoAmI = '{ me { id } }'
export const signOut = 'mutation { signOut { sessionId } }'
export const createKey =
  'mutation { createApiKey(input: { name: "made in trouble", scopes: ["profile:read"] }) { secret apiKey { id } } }'
export const revokeKey = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }'

/** Longer than any machine takes. */
const servedWithinMs = 60_000

/** Asks again and again, and less and less often: a crowd would keep a house from its feet. */
export async function untilServed(work: () => Promise<Answer>): Promise<Answer> {
  const startedMs = performance.now()
  const waitedMs = () => performance.now() - startedMs
  for (;;) {
    const answer = await work().catch(() => null)
    if (answer && isServed(answer)) return answer
    if (waitedMs() > servedWithinMs) throw new Error(`never served: ${answer ? codesOf(answer) : 'cut'}`)
    await pause(Math.min(50 + waitedMs() / 10, 1_000))
  }
}

/** Ada is signed in and has a key; Eve has signed out and her key is revoked; Cara comes and goes; Finn asks whether the trouble is over. */
async function peopleOf(gateway: string) {
  const people = [signedIn(gateway), signedIn(gateway), signedIn(gateway), registered(gateway)] as const
  const [ada, eve, finn, cara] = await Promise.all(people)
  const [adasKey, evesKey] = [await aKey(gateway, ada, ['profile:read']), await aKey(gateway, eve, ['profile:read'])]
  await untilServed(() => ask(gateway, bearer(eve.accessToken), revokeKey, { id: evesKey.apiKey.id }))
  await untilServed(() => ask(gateway, bearer(eve.accessToken), signOut))
  return { ada, adasKey, eve, evesKey, finn, cara }
}

/** For how long tries are stopped. */
const lockedForMs = 60_000

/** One whose tries are used up. */
export async function lockedOut(gateway: string) {
  const { email, password } = await registered(gateway)
  const wrong = { email, password: 'not the password at all' }
  // Whoever is answered before this is answered while tries are stopped, however long the question was on its way.
  const untilMs = performance.now() + lockedForMs
  const tries = Array.from({ length: 10 }, () =>
    untilServed(() => ask(gateway, nobody, signInOperation, { input: wrong })),
  )
  await Promise.all(tries)
  return { input: { email, password }, untilMs }
}

export type Cast = Awaited<ReturnType<typeof peopleOf>> & { readonly victor: Awaited<ReturnType<typeof lockedOut>> }

/** Access tokens live for ten minutes: those of a longer story are new every now and then. */
const peopleForMs = 240_000
/** A row takes a few seconds, on a slow machine as well. */
const lockedForRowMs = 30_000

/** Those of now: whoever will do for another row is not asked to come again. */
export function openCast(gateway: string): () => Promise<Cast> {
  let people: Awaited<ReturnType<typeof peopleOf>> | null = null
  let victor: Cast['victor'] | null = null
  let cameMs = 0
  return async () => {
    if (!people || performance.now() - cameMs > peopleForMs) {
      people = await peopleOf(gateway)
      cameMs = performance.now()
    }
    if (!victor || victor.untilMs - performance.now() < lockedForRowMs) victor = await lockedOut(gateway)
    return { ...people, victor }
  }
}

export async function makeAndRevoke(gateway: string, { accessToken }: SignedIn): Promise<Answer> {
  const made = await ask(gateway, bearer(accessToken), createKey)
  if (!isServed(made)) return made
  return ask(gateway, bearer(accessToken), revokeKey, { id: made.data.createApiKey.apiKey.id })
}

/** Those that work. */
export async function keysOf(gateway: string, { accessToken }: SignedIn): Promise<string[]> {
  const { data } = await untilServed(() => ask(gateway, bearer(accessToken), '{ me { apiKeys { id } } }'))
  return data.me.apiKeys.map(({ id }: { id: string }) => id)
}

/** Once she has signed in again; the others end then, and so nobody has ever more of them. */
export async function sessionsOf(gateway: string, { email, password }: Person): Promise<string[]> {
  const came = await untilServed(() => ask(gateway, nobody, signInOperation, { input: { email, password } }))
  const her = bearer(came.data.signIn.accessToken)
  const { data } = await untilServed(() => ask(gateway, her, '{ me { sessions { id } } }'))
  await untilServed(() => ask(gateway, her, 'mutation { revokeOtherSessions { sessionIds } }'))
  return data.me.sessions.map(({ id }: { id: string }) => id)
}

/** Of all keys only the one that Ada came with is left, also of those that nobody was told of: nobody may have more than so many. */
export async function tidyUp(gateway: string, { ada, adasKey, finn }: Cast): Promise<void> {
  for (const owner of [ada, finn])
    for (const id of await keysOf(gateway, owner))
      if (id !== adasKey.apiKey.id) await untilServed(() => ask(gateway, bearer(owner.accessToken), revokeKey, { id }))
}
