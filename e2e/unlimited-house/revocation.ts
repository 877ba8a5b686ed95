/** What takes something away counts with the next request, at every door: signing out, revoking, suspending, and what roles permit. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  aKey,
  anAdministrator,
  apiKey,
  ask,
  bearer,
  type Credential,
  codesOf,
  type Person,
  registered,
  type SignedIn,
  signedIn,
} from '../support/client.ts'
import { rounds } from '../support/rounds.ts'
import type { Topology, TopologyName } from '../support/topology.ts'
import { impersonationStories } from './impersonation.ts'

const patienceMs = 240_000 + 24_000 * rounds

const suspend = `mutation ($id: ID!) { suspendUser(input: { id: $id, reason: "A story" }) { user { status } } }`
const restore = `mutation ($id: ID!) { restoreUser(id: $id) { user { status } } }`
const createRole = `mutation ($name: String!, $scopes: [String!]!) {
  createRole(input: { name: $name, description: "A story", scopes: $scopes }) { role { name } } }`
const updateRole = `mutation ($name: String!, $scopes: [String!]!) {
  updateRole(input: { name: $name, scopes: $scopes }) { role { version } } }`
const grantRole = `mutation ($userId: ID!, $role: String!) { grantRole(input: { userId: $userId, role: $role }) { outcome } }`
const revokeRole = `mutation ($userId: ID!, $role: String!) { revokeRole(input: { userId: $userId, role: $role }) { outcome } }`
const signOut = 'mutation { signOut { sessionId } }'
const revokeSession = 'mutation ($id: ID!) { revokeSession(id: $id) { sessionId } }'
const me = '{ me { id } }'
const everyone = '{ users(first: 1) { edges { node { id } } } }'

const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN

export function revocationStories(name: TopologyName, openHouse: () => Topology): void {
  let house: Topology
  let person: Person
  let admin: SignedIn
  beforeAll(async () => {
    house = openHouse()
    person = await anAdministrator(house)
  })
  // Handing out roles asks for somebody who has only just signed in.
  beforeEach(async () => {
    admin = await signedIn(house.gateways[0], person)
  })

  const asAdmin = async (query: string, variables: object, door = 0) => {
    const answer = await ask(house.gateways[door % 2 ? 1 : 0], bearer(admin.accessToken), query, variables)
    expect(codesOf(answer)).toEqual([])
    return answer.data
  }

  interface Tried {
    readonly outcome: string
    readonly afterMs: number
  }

  /** Asks at both doors with each credential, at once, and says what came of it and when. */
  async function atBothDoors(
    credentials: readonly Credential[],
    query: string,
    fromMs: number,
  ): Promise<readonly Tried[]> {
    const tries = house.gateways.flatMap((gateway) =>
      credentials.map(async (credential) => {
        const answer = await ask(gateway, credential, query)
        return { outcome: String(codesOf(answer)[0] ?? 'ok'), afterMs: performance.now() - fromMs }
      }),
    )
    return Promise.all(tries)
  }

  /** Keeps asking at both doors, several at a time, until told to stop; resolves with what was asked and when. */
  function askAllTheWhile(credentials: readonly Credential[], query: string) {
    let isOver = false
    const asked: { readonly sentMs: number; readonly outcome: string }[] = []
    const keepAsking = async (gateway: string, credential: Credential) => {
      while (!isOver) {
        const sentMs = performance.now()
        asked.push({ sentMs, outcome: String(codesOf(await ask(gateway, credential, query))[0] ?? 'ok') })
      }
    }
    const loops = house.gateways.flatMap((gateway) => credentials.map((credential) => keepAsking(gateway, credential)))
    return async () => {
      isOver = true
      await Promise.all(loops)
      return asked
    }
  }

  const outcomesOf = (tried: readonly Pick<Tried, 'outcome'>[]) => [...new Set(tried.map(({ outcome }) => outcome))]

  /** Each round: works before, change, and nothing that is sent after its answer works. Tells how long the first refusal took. */
  async function refusedFromTheAnswerOn(
    what: string,
    round: (index: number) => Promise<{
      credentials: readonly Credential[]
      query: string
      change: () => Promise<unknown>
      refusal: string
    }>,
  ) {
    const firstRefusalsMs: number[] = []
    for (let index = 0; index < rounds; index++) {
      const { credentials, query, change, refusal } = await round(index)
      expect(outcomesOf(await atBothDoors(credentials, query, 0))).toEqual(['ok'])
      const stopAsking = askAllTheWhile(credentials, query)
      await change()
      const answeredMs = performance.now()
      const tried = await atBothDoors(credentials, query, answeredMs)
      expect(outcomesOf(tried)).toEqual([refusal])
      const sentAfter = (await stopAsking()).filter(({ sentMs }) => sentMs > answeredMs)
      expect(outcomesOf([...tried, ...sentAfter])).toEqual([refusal])
      firstRefusalsMs.push(Math.max(...tried.map(({ afterMs }) => afterMs)))
    }
    const figures = `median ${quantile(firstRefusalsMs, 0.5).toFixed(1)} ms, p99 ${quantile(firstRefusalsMs, 0.99).toFixed(1)} ms`
    console.info(`${name}, ${what}: refused at both gateways ${figures} after the answer, ${rounds} rounds, no success`)
  }

  describe('a session', () => {
    it(
      'that is signed out is refused with the next request, at both gateways',
      async () => {
        const person = await registered(house.gateways[0])
        await refusedFromTheAnswerOn('signing out', async (index) => {
          const mine = bearer((await signedIn(house.gateways[0], person)).accessToken)
          const change = () => ask(house.gateways[index % 2 ? 1 : 0], mine, signOut)
          return { credentials: [mine], query: me, change, refusal: 'CREDENTIAL_REJECTED' }
        })
      },
      patienceMs,
    )

    it(
      'that is revoked from another one is refused with the next request, at both gateways',
      async () => {
        const here = await signedIn(house.gateways[0])
        await refusedFromTheAnswerOn('revoking', async (index) => {
          const { accessToken, sessionId } = await signedIn(house.gateways[0], here)
          const change = () =>
            ask(house.gateways[index % 2 ? 1 : 0], bearer(here.accessToken), revokeSession, { id: sessionId })
          return { credentials: [bearer(accessToken)], query: me, change, refusal: 'CREDENTIAL_REJECTED' }
        })
      },
      patienceMs,
    )
  })

  describe('a suspended account', () => {
    it(
      'is refused with the next request of its session and of its key, at both gateways',
      async () => {
        const first = await signedIn(house.gateways[0])
        const { secret } = await aKey(house.gateways[0], first, ['profile:read'])
        await refusedFromTheAnswerOn('suspension', async (index) => {
          if (index > 0) await asAdmin(restore, { id: first.userId }, index)
          const ada = await signedIn(house.gateways[0], first)
          return {
            credentials: [bearer(ada.accessToken), apiKey(secret)],
            query: me,
            change: () => asAdmin(suspend, { id: ada.userId }, index),
            refusal: 'CREDENTIAL_REJECTED',
          }
        })
      },
      patienceMs,
    )

    it('cannot sign in; restored it can, its key works again, and its old session never does', async () => {
      const ada = await signedIn(house.gateways[0])
      const { secret } = await aKey(house.gateways[0], ada, ['profile:read'])
      await asAdmin(suspend, { id: ada.userId })
      await expect(signedIn(house.gateways[1], ada)).rejects.toThrow()
      await asAdmin(restore, { id: ada.userId })
      for (const gateway of house.gateways) {
        expect(codesOf(await ask(gateway, bearer(ada.accessToken), me))).toEqual(['CREDENTIAL_REJECTED'])
        expect((await ask(gateway, apiKey(secret), me)).data).toEqual({ me: { id: ada.userId } })
      }
      expect((await signedIn(house.gateways[1], ada)).userId).toBe(ada.userId)
    })
  })

  describe('support staff', () =>
    impersonationStories({ house: () => house, asAdmin, admin: () => admin, topology: name }))

  describe('a role', () => {
    it(
      'that is taken away permits nothing from the answer on',
      async () => {
        const eve = await signedIn(house.gateways[0])
        await asAdmin(grantRole, { userId: eve.userId, role: 'admin' })
        const { secret } = await aKey(house.gateways[0], eve, ['users:read'])
        await refusedFromTheAnswerOn('demotion', async (index) => {
          await asAdmin(grantRole, { userId: eve.userId, role: 'admin' }, index)
          return {
            credentials: [bearer(eve.accessToken), apiKey(secret)],
            query: everyone,
            change: () => asAdmin(revokeRole, { userId: eve.userId, role: 'admin' }, index),
            refusal: 'FORBIDDEN',
          }
        })
      },
      patienceMs,
    )

    it(
      'that is changed is changed for everyone who holds it',
      async () => {
        const role = `readers-${name}`
        const holders = await Promise.all([1, 2, 3].map(() => signedIn(house.gateways[0])))
        await asAdmin(createRole, { name: role, scopes: ['users:read'] })
        for (const { userId } of holders) await asAdmin(grantRole, { userId, role })
        const credentials = holders.map(({ accessToken }) => bearer(accessToken))
        await refusedFromTheAnswerOn('a changed role', async (index) => {
          await asAdmin(updateRole, { name: role, scopes: ['users:read'] }, index)
          return {
            credentials,
            query: everyone,
            change: () => asAdmin(updateRole, { name: role, scopes: ['audit:read'] }, index + 1),
            refusal: 'FORBIDDEN',
          }
        })
      },
      patienceMs,
    )
  })
}
