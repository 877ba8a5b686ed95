/** A house in use: what is asked of it turn by turn, and what was acknowledged is remembered and read back. */
import { type Answer, apiKey, ask, bearer, type Credential, nobody, type SignedIn, signInOperation } from '../client.ts'
import { type Cast, createKey, everything, keysOf, revokeKey, sessionsOf, signOut, whoAmI } from './cast.ts'
import { lockedOut, signingIn, type Tally } from './tally.ts'

/** What is read back once the trouble is over. */
interface Journal {
  /** Ids of keys and sessions that were acknowledged as made, and are not known to have ended: they have to be there. */
  readonly keys: Set<string>
  readonly sessions: Set<string>
  /** Acknowledged as ended: must not be let in by anybody, ever. */
  readonly dead: Credential[]
}

/** Nobody may have more than 100 of either, and of some it is not known that they were made. */
const staying = 40

const isSignedIn = ({ data }: Answer) => data?.signIn?.__typename === 'SignedIn'

export function useOf(gateways: readonly string[], cast: Cast, { timed, refused, change }: Tally) {
  const { ada, adasKey, eve, evesKey, cara, victor } = cast
  const journal: Journal = { keys: new Set(), sessions: new Set(), dead: [] }
  const gatewayOf = (at: number) => gateways[at % gateways.length] ?? ''

  /** Ended and acknowledged, so it is tried at once, at the other gateway. */
  async function end(credential: Credential, at: number, work: (gateway: string) => Promise<Answer>): Promise<void> {
    if (!(await change('ending', () => work(gatewayOf(at))))) return
    journal.dead.push(credential)
    await refused('ended', () => ask(gatewayOf(at + 1), credential, whoAmI))
  }

  async function keyComes(at: number, fate: 'stays' | 'goes'): Promise<void> {
    const made = await change('a new key', () => ask(gatewayOf(at), bearer(ada.accessToken), createKey))
    if (!made) return
    const { secret, apiKey: key } = made.createApiKey as { secret: string; apiKey: { id: string } }
    if (fate === 'stays' && journal.keys.size < staying) journal.keys.add(key.id)
    else await end(apiKey(secret), at, (gateway) => ask(gateway, bearer(ada.accessToken), revokeKey, { id: key.id }))
  }

  async function caraComes(at: number, fate: 'stays' | 'goes'): Promise<void> {
    const input = { email: cara.email, password: cara.password }
    const came = await change(signingIn, () => ask(gatewayOf(at), nobody, signInOperation, { input }))
    const { accessToken, session } = (came?.signIn ?? {}) as Partial<SignedIn> & { session?: { id: string } }
    if (!accessToken || !session) return
    if (fate === 'stays' && journal.sessions.size < staying) journal.sessions.add(session.id)
    else await end(bearer(accessToken), at, (gateway) => ask(gateway, bearer(accessToken), signOut))
  }

  const tryVictor = (gateway: string) =>
    refused(lockedOut, () => ask(gateway, nobody, signInOperation, { input: victor.input }), {
      ...{ opens: isSignedIn, untilMs: victor.untilMs },
    })

  return {
    /** Everybody reads each time; every other time a key is made, and every fourth somebody signs in. */
    turn(turn: number): Promise<unknown> {
      // Whatever is asked now and then is asked at each gateway.
      const at = turn + (turn >> 3)
      const gateway = gatewayOf(at)
      return Promise.all([
        timed('reading', () => ask(gateway, bearer(ada.accessToken), everything)),
        timed('reading by key', () => ask(gateway, apiKey(adasKey.secret), whoAmI)),
        refused('signed out', () => ask(gateway, bearer(eve.accessToken), whoAmI)),
        refused('revoked key', () => ask(gateway, apiKey(evesKey.secret), whoAmI)),
        turn % 2 === 0 && keyComes(at, turn % 4 === 0 ? 'goes' : 'stays'),
        turn % 4 === 1 && caraComes(at, turn % 8 === 1 ? 'goes' : 'stays'),
        turn % 8 === 3 && tryVictor(gateway),
      ])
    },
    /** How many are not there that should be; who should not be let in and is counts as let in. */
    async readBack(): Promise<number> {
      for (const credential of journal.dead)
        await Promise.all(gateways.map((gateway) => refused('ended before', () => ask(gateway, credential, whoAmI))))
      const there = new Set([...(await keysOf(gatewayOf(0), ada)), ...(await sessionsOf(gatewayOf(1), cara))])
      return [...journal.keys, ...journal.sessions].filter((id) => !there.has(id)).length
    },
  }
}
