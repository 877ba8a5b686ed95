/** A house in use: people and programs ask and change all the while, and whatever was acknowledged is remembered and read back. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Answer,
  aKey,
  apiKey,
  ask,
  bearer,
  type Credential,
  codesOf,
  nobody,
  registered,
  type SignedIn,
  signedIn,
  signInOperation,
} from './client.ts'

/** What the load must not be stopped by. */
export const withoutBudgets = {
  LATCHKEY_LIMIT_SIGN_IN_NETWORK: '10000',
  LATCHKEY_LIMIT_WRONG_KEYS: '10000',
  LATCHKEY_LIMIT_KEY_REQUESTS: '1000000',
  LATCHKEY_LIMIT_KEY_BURST: '1000000',
  LATCHKEY_LIMIT_OWNER_REQUESTS: '1000000',
  LATCHKEY_LIMIT_OWNER_BURST: '1000000',
}

/** What is read back once the trouble is over. */
interface Journal {
  /** Acknowledged as made, and not known to have ended: has to be let in. */
  readonly alive: Map<string, Credential>
  /** Acknowledged as ended: must not be let in by anybody, ever. */
  readonly dead: Map<string, Credential>
}

export interface Findings {
  readonly asked: number
  readonly served: number
  readonly longestMs: number
  readonly failOpen: number
  readonly backAfterMs: number
  readonly acknowledged: number
  readonly lost: number
}

export interface HouseInUse {
  /** Keeps asking from before `begin` until after the way back that it gives, and says what was found. */
  endure(begin: () => Promise<() => unknown> | (() => unknown), goesOnMs: number): Promise<Findings>
}

const everything = '{ me { id email sessions { id } apiKeys { id } } }'
const whoAmI = '{ me { id } }'
const signOut = 'mutation { signOut { sessionId } }'
const createKey =
  'mutation { createApiKey(input: { name: "made in trouble", scopes: ["profile:read"] }) { secret apiKey { id } } }'
const revokeKey = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }'

const isServed = ({ status, errors }: Answer) => status === 200 && errors.length === 0
const isSignedIn = ({ data }: Answer) => data?.signIn?.__typename === 'SignedIn'

/** Until it is served; a hundred tries at most. */
async function untilServed(work: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await work()
    if (isServed(answer)) return answer
    if (tries === 100) throw new Error(`never served: ${codesOf(answer)}`)
    await pause(50)
  }
}

/** Ada is signed in and has a key; Eve has signed out and her key is revoked; Cara comes and goes. */
async function castOf(gateway: string) {
  const [ada, eve, cara] = [await signedIn(gateway), await signedIn(gateway), await registered(gateway)]
  const [adasKey, evesKey] = [await aKey(gateway, ada, ['profile:read']), await aKey(gateway, eve, ['profile:read'])]
  await untilServed(() => ask(gateway, bearer(eve.accessToken), revokeKey, { id: evesKey.apiKey.id }))
  await untilServed(() => ask(gateway, bearer(eve.accessToken), signOut))
  return { ada, adasKey, eve, evesKey, cara }
}

/** A little less than the minute for which tries are stopped. */
const lockedForMs = 45_000

/** One whose tries are used up. */
async function lockedOut(gateway: string) {
  const { email, password } = await registered(gateway)
  const wrong = { email, password: 'not the password at all' }
  const tries = Array.from({ length: 10 }, () =>
    untilServed(() => ask(gateway, nobody, signInOperation, { input: wrong })),
  )
  const untilMs = performance.now() + lockedForMs
  await Promise.all(tries)
  return { input: { email, password }, untilMs }
}

type Cast = Awaited<ReturnType<typeof castOf>> & { readonly victor: Awaited<ReturnType<typeof lockedOut>> }

export async function houseInUse(gateways: readonly string[]): Promise<HouseInUse> {
  const [first = ''] = gateways
  const people = await castOf(first)
  return {
    async endure(begin, goesOnMs) {
      const cast = { ...people, victor: await lockedOut(first) }
      const load = putUnderLoad(gateways, cast)
      try {
        await pause(100)
        const end = await begin()
        await pause(goesOnMs)
        await end()
        const endedMs = performance.now()
        await recovery(gateways, cast)
        const backAfterMs = Math.round(performance.now() - endedMs)
        return { ...(await load.stop()), backAfterMs }
      } finally {
        load.halt()
      }
    },
  }
}

/** Reads, changes and sign-ins are served again, by every gateway. */
async function recovery(gateways: readonly string[], { ada, cara }: Cast): Promise<void> {
  const input = { email: cara.email, password: cara.password }
  const works = gateways.flatMap((gateway) => [
    () => ask(gateway, bearer(ada.accessToken), everything),
    () => makeAndRevoke(gateway, ada),
    () => ask(gateway, nobody, signInOperation, { input }),
  ])
  await Promise.all(works.map(untilAnswered))
}

async function makeAndRevoke(gateway: string, { accessToken }: SignedIn): Promise<Answer> {
  const made = await ask(gateway, bearer(accessToken), createKey)
  if (!isServed(made)) return made
  return ask(gateway, bearer(accessToken), revokeKey, { id: made.data.createApiKey.apiKey.id })
}

async function untilAnswered(work: () => Promise<Answer>): Promise<void> {
  const startedMs = performance.now()
  for (;;) {
    const answer = await work().catch(() => null)
    if (answer && isServed(answer)) return
    if (performance.now() - startedMs > 20_000) throw new Error(`still not served: ${answer && codesOf(answer)}`)
    await pause(20)
  }
}

function putUnderLoad(gateways: readonly string[], cast: Cast) {
  let isOver = false
  const tally = { asked: 0, served: 0, longestMs: 0, failOpen: 0, acknowledged: 0 }
  const journal: Journal = { alive: new Map(), dead: new Map() }
  const gatewayOf = (turn: number) => gateways[turn % gateways.length] ?? ''

  /** `null`: the connection broke off, so nobody knows what became of it. */
  async function timed(work: () => Promise<Answer>): Promise<Answer | null> {
    const startedMs = performance.now()
    const answer = await work().catch(() => null)
    tally.asked++
    tally.longestMs = Math.max(tally.longestMs, Math.round(performance.now() - startedMs))
    if (answer && isServed(answer)) tally.served++
    return answer
  }

  async function refused(who: string, work: () => Promise<Answer>, opens = isServed): Promise<void> {
    const answer = await timed(work)
    if (!answer || !opens(answer)) return
    tally.failOpen++
    console.error(`let in: ${who}`)
  }

  /** What was acknowledged; otherwise it is unknown whether it was done. */
  async function change(work: () => Promise<Answer>) {
    const answer = await timed(work)
    if (!answer || !isServed(answer)) return null
    tally.acknowledged++
    return answer.data
  }

  /** Ended and acknowledged, so it is tried at once, at the other gateway. */
  async function end(name: string, credential: Credential, turn: number, work: () => Promise<Answer>): Promise<void> {
    journal.alive.delete(name)
    if (!(await change(work))) return
    journal.dead.set(name, credential)
    await refused(`ended ${name}`, () => ask(gatewayOf(turn + 1), credential, whoAmI))
  }

  async function makeAndRevokeKeys({ ada }: Cast): Promise<void> {
    for (let turn = 0; !isOver; turn++) {
      const made = await change(() => ask(gatewayOf(turn), bearer(ada.accessToken), createKey))
      if (!made) {
        await pause(25)
        continue
      }
      const { id } = made.createApiKey.apiKey
      const credential = apiKey(made.createApiKey.secret)
      journal.alive.set(id, credential)
      if (turn % 2 === 0)
        await end(id, credential, turn, () => ask(gatewayOf(turn), bearer(ada.accessToken), revokeKey, { id }))
      await pause(25)
    }
  }

  async function comeAndGo({ cara }: Cast): Promise<void> {
    const input = { email: cara.email, password: cara.password }
    for (let turn = 0; !isOver; turn++) {
      const came = await change(() => ask(gatewayOf(turn), nobody, signInOperation, { input }))
      const { accessToken, session } = (came?.signIn ?? {}) as Partial<SignedIn> & { session?: { id: string } }
      if (accessToken && session)
        await end(session.id, bearer(accessToken), turn, () => ask(gatewayOf(turn), bearer(accessToken), signOut))
      await pause(25)
    }
  }

  async function keepAsking({ ada, adasKey, eve, evesKey, victor }: Cast): Promise<void> {
    const asked: Promise<unknown>[] = []
    for (let turn = 0; !isOver; turn++) {
      const gateway = gatewayOf(turn)
      asked.push(
        timed(() => ask(gateway, bearer(ada.accessToken), everything)),
        timed(() => ask(gateway, apiKey(adasKey.secret), whoAmI)),
        refused('signed out', () => ask(gateway, bearer(eve.accessToken), whoAmI)),
        refused('revoked key', () => ask(gateway, apiKey(evesKey.secret), whoAmI)),
      )
      if (turn % 8 === 0 && performance.now() < victor.untilMs)
        asked.push(
          refused('locked out', () => ask(gateway, nobody, signInOperation, { input: victor.input }), isSignedIn),
        )
      await pause(50)
    }
    await Promise.all(asked)
  }

  /** Those that should be let in and are not; those that should not be and are. */
  async function readBack(): Promise<number> {
    for (const credential of journal.dead.values())
      for (const gateway of gateways) await refused('ended before', () => ask(gateway, credential, whoAmI))
    let lost = 0
    for (const credential of journal.alive.values()) {
      const answer = await timed(() => ask(gatewayOf(lost), credential, whoAmI))
      if (!answer || !isServed(answer)) lost++
    }
    // Nobody may have more than so many.
    for (const id of journal.alive.keys()) await ask(gatewayOf(0), bearer(cast.ada.accessToken), revokeKey, { id })
    return lost
  }

  const loops = [makeAndRevokeKeys(cast), comeAndGo(cast), keepAsking(cast)]
  const halt = () => {
    isOver = true
  }
  return {
    halt,
    async stop() {
      halt()
      await Promise.all(loops)
      const { ...underLoad } = tally
      const lost = await readBack()
      return { ...underLoad, failOpen: tally.failOpen, lost }
    },
  }
}
