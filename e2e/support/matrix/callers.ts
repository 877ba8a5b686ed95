/** Somebody real for each class of principals: an account, a session that is an hour old, a key. */
import type { PrincipalClass } from '@latchkey/app/matrix'
import type { Clock } from '@latchkey/clock'
import {
  type Answer,
  aKey,
  apiKey,
  ask,
  bearer,
  type Credential,
  codesOf,
  nobody,
  type SignedIn,
  signedIn,
} from '../client.ts'
import { subscribe } from '../streams.ts'
import type { Topology } from '../topology.ts'

const hourMs = 3_600_000

/** A clock that can be moved on while everything runs by it. */
export function movableClock(): Clock & { advance(ms: number): void } {
  let aheadMs = 0
  return {
    now: () => new Date(Date.now() + aheadMs),
    advance(ms) {
      aheadMs += ms
    },
  }
}

/** What is theirs, by the type of the entity. */
export type Belongings = Readonly<Record<string, string>>

export interface Caller {
  readonly class: PrincipalClass
  readonly belongings: Belongings
  ask(operation: string): Promise<Answer>
}

interface Settled {
  readonly credential: Credential
  readonly belongings: Belongings
  readonly refreshToken?: string
}

const refresh = /* GraphQL */ `
  mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { ... on SignedIn { accessToken refreshToken } } }`

/** A subscription is answered by what its stream says first; nothing, where it is open. */
async function answerTo(gateway: string, credential: Credential, operation: string): Promise<Answer> {
  if (!operation.startsWith('subscription')) return ask(gateway, credential, operation)
  const { status, body, told, leave } = await subscribe(gateway, credential, operation)
  leave()
  const { data = {}, errors = [] } = body ?? told[0] ?? {}
  return { status, headers: new Headers(), data, errors: errors.map((error) => ({ ...error })) }
}

/** Accounts of their own for the classes: what their mutations do, they do to nobody else. */
export async function settleCallers(
  { gateways: [gateway], grantRole }: Topology,
  classes: readonly PrincipalClass[],
  clock: { advance(ms: number): void },
): Promise<readonly Caller[]> {
  async function account(role: string): Promise<SignedIn> {
    const person = await signedIn(gateway)
    if (role !== 'user') await grantRole(person.email, role)
    return person
  }
  async function settle(each: PrincipalClass): Promise<Settled> {
    if (each.kind === 'anonymous' || each.kind === 'service') return { credential: nobody, belongings: {} }
    const person = await account(each.role)
    const { secret, apiKey: key } = await aKey(gateway, person, each.kind === 'key' ? each.scopes : ['profile:read'])
    const { userId, sessionId, refreshToken, accessToken } = person
    const belongings = { User: userId, Session: sessionId, ApiKey: key.id, Order: `${userId}-1` }
    if (each.kind === 'key') return { credential: apiKey(secret), belongings }
    return { credential: bearer(accessToken), belongings, refreshToken }
  }
  /** The session goes on with a token of this hour. */
  async function goOn(settled: Settled): Promise<Settled | null> {
    if (settled.refreshToken === undefined) return null
    const { data } = await ask(gateway, nobody, refresh, { token: settled.refreshToken })
    const pair = data?.refreshSession
    return pair?.accessToken
      ? { ...settled, credential: bearer(pair.accessToken), refreshToken: pair.refreshToken }
      : null
  }

  // Whoever settles anew moves the clock: one at a time.
  let turn: Promise<unknown> = Promise.resolve()
  function inTurn(work: () => Promise<void>): Promise<unknown> {
    turn = turn.then(work)
    return turn
  }

  function live(each: PrincipalClass, first: Settled): Caller {
    let settled = first
    /** The hour has passed, or one of their own mutations has ended their session: then they are somebody new. */
    async function again(rejected: Settled): Promise<void> {
      if (settled !== rejected) return
      const same = await goOn(settled)
      if (same) {
        settled = same
        return
      }
      settled = await settle(each)
      clock.advance(hourMs)
      settled = (await goOn(settled)) ?? settled
    }
    return {
      class: each,
      get belongings() {
        return settled.belongings
      },
      async ask(operation) {
        for (let tries = 0; ; tries++) {
          const as = settled
          const answer = await answerTo(gateway, as.credential, operation)
          if (!codesOf(answer).includes('CREDENTIAL_REJECTED') || tries === 5) return answer
          await inTurn(() => again(as))
        }
      },
    }
  }

  const settled: (readonly [PrincipalClass, Settled])[] = []
  for (const each of classes) settled.push([each, await settle(each)])
  clock.advance(hourMs)
  return settled.map(([each, own]) => live(each, own))
}
