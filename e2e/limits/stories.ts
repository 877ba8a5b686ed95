/** Limit N, and exactly N passwords are compared: told by whoever computes the hash, and not by the answers. */
import { setTimeout as pause } from 'node:timers/promises'
import { openRedis } from '@latchkey/principal/redis'
import { storePatienceMs } from '@latchkey/prisma/testing'
import { afterAll, expect, it } from 'vitest'
import {
  type Answer,
  ask,
  type Credential,
  from,
  knownBy,
  nobody,
  type Person,
  registered,
  signedIn,
  signInOperation,
} from '../support/client.ts'
import { rounds, timeForRounds } from '../support/rounds.ts'
import type { Topology, TopologyName } from '../support/topology.ts'

const wrongPassword = 'not the password at all'
const outcomeOf = ({ data, errors }: Answer): unknown => data?.signIn?.__typename ?? errors[0]?.extensions.code
const inTurn = <Value>(times: number, work: (index: number) => Promise<Value>) =>
  Array.from({ length: times }).reduce<Promise<Value[]>>(
    async (before, _, index) => [...(await before), await work(index)],
    Promise.resolve([]),
  )
const atOnce = <Value>(times: number, work: (index: number) => Promise<Value>) =>
  Promise.all(Array.from({ length: times }, (_, index) => work(index)))

/** Ten from each network. */
const guesses = 100 * rounds

/** One of the addresses in a /64 of its own. */
const sixOf = (host: string, index: number) => `2001:db8:${host.split('.')[3]}:1:${index}::${index + 1}`

let hosts = 0
/** A network that nobody has used. */
const newHost = () => `198.51.100.${++hosts}`

export function limitStories(name: TopologyName, house: () => Topology): void {
  const found: Record<string, { asked: number; limit: number; evaluated: number }> = {}
  afterAll(() => console.table(found))

  const either = (index: number): string => house().gateways[index % 2 === 0 ? 0 : 1]
  let overloads = 0
  /**
   * One who insists: what a full queue of hashes refused, or a store that was too slow, was not answered and does not count.
   */
  async function guess(index: number, email: string, credential: Credential = nobody, password = wrongPassword) {
    for (let again = 0; ; again++) {
      const answer = await ask(either(index), credential, signInOperation, { input: { email, password } })
      if (outcomeOf(answer) !== 'UNAVAILABLE' || again === 20) return answer
      overloads += 1
      await pause(100)
    }
  }

  const compared = () => house().logged().split('"typed":"something"').length - 1
  /** How many passwords were compared while the work was done, at least so many. What processes say arrives after what they answer. */
  async function comparedDuring(work: () => Promise<unknown>, least = 0): Promise<number> {
    await settled()
    const before = compared()
    overloads = 0
    await work()
    if (overloads === 0) await expect.poll(() => compared() - before).toBeGreaterThanOrEqual(least)
    await settled()
    return compared() - before
  }
  /**
   * `more` uses up what is left where something was too slow. A comparison whose answer was lost on its way told nobody anything,
   * and counts as never made.
   */
  async function expectExactly(evaluated: number, limit: number, more: () => Promise<unknown>): Promise<void> {
    if (overloads === 0) return expect(evaluated).toBe(limit)
    const lost = overloads
    expect(evaluated + (await comparedDuring(more))).toBeLessThanOrEqual(limit + lost + overloads)
  }
  async function settled(): Promise<void> {
    for (let same = 0, last = -1; same < 4; await pause(25)) {
      same = compared() === last ? same + 1 : 0
      last = compared()
    }
  }

  /** Every one of them a wrong password for one person from one network; how many they are, where they are not answered one by one. */
  const disguises: Readonly<Record<string, (ada: Person, host: string) => Promise<number | readonly unknown[]>>> = {
    'none: one after the other': ({ email }, host) => inTurn(15, () => guess(0, email, from(host))),
    'at once, at one gateway': ({ email }, host) => atOnce(45, () => guess(0, email, from(host))),
    'at once, at two gateways': ({ email }, host) => atOnce(45, (index) => guess(index, email, from(host))),
    async aliases({ email }, host) {
      const field = `signIn(input: { email: "${email}", password: "${wrongPassword}" }) { __typename }`
      const aliased = (count: number) =>
        `mutation { ${Array.from({ length: count }, (_, at) => `a${at}: ${field}`).join(' ')} }`
      for (const count of [2, 15, 30]) expect((await ask(either(0), from(host), aliased(count))).status).toBe(400)
      await inTurn(15, (index) => ask(either(0), from(host), `mutation { a${index}: ${field} }`))
      return 2 + 15 + 30 + 15
    },
    async fragments({ email }, host) {
      const field = `signIn(input: { email: "${email}", password: "${wrongPassword}" }) { __typename }`
      const two = `mutation { a: ${field} ...B ...C } fragment B on Mutation { b: ${field} } fragment C on Mutation { ... { c: ${field} } }`
      expect((await ask(either(0), from(host), two)).status).toBe(400)
      await inTurn(15, (index) =>
        ask(either(0), from(host), `mutation { ...F${index} } fragment F${index} on Mutation { ${field} }`),
      )
      return 3 + 15
    },
    async 'an array of operations'({ email }, host) {
      const one = { query: signInOperation, variables: { input: { email, password: wrongPassword } } }
      const batch = await fetch(`${either(0)}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...from(host) },
        body: JSON.stringify(Array.from({ length: 20 }, () => one)),
      })
      expect(batch.status).toBe(400)
      await inTurn(15, () => guess(0, email, from(host)))
      return 20 + 15
    },
    'an address it made up before the real one': ({ email }, host) =>
      inTurn(15, (index) => guess(index, email, from(host, `203.0.113.${index}`, '::1'))),
    'the addresses of one IPv6 /64': ({ email }, host) =>
      inTurn(15, (index) => guess(index, email, from(sixOf(host, index)))),
    'IPv4 written as IPv6': ({ email }, host) =>
      inTurn(15, (index) => guess(index, email, from(index % 2 === 0 ? host : `::ffff:${host}`))),
    'case and Unicode of the address': ({ email }, host) => {
      const [local = '', domain = ''] = email.split('@')
      const spellings = [
        ...[email, email.toUpperCase(), ` ${email}\t`],
        ...[`${local}@${domain.replace('e', '\uff45')}`, `${local}@${domain.replace('m', 'm\u{fe0f}')}`],
      ]
      return inTurn(20, (index) => guess(index, spellings[index % spellings.length] ?? email, from(host)))
    },
    'another client each time, with a device token it made up': ({ email }, host) =>
      inTurn(15, (index) =>
        guess(index, email, { ...from(host), 'user-agent': `Agent/${index}`, ...knownBy(`dev_${index}`) }),
      ),
    async 'the device token of another account'({ email }, host) {
      const eve = await signedIn(either(0))
      return inTurn(15, (index) => guess(index, email, { ...from(host), ...knownBy(eve.deviceToken) }))
    },
    async 'Redis emptied in between'({ email }, host) {
      for (let round = 0; round < 4; round++) {
        await inTurn(4, (index) => guess(index, email, from(host)))
        await emptyRedis(house())
      }
      return 4 * 4
    },
  }

  it.each(Object.entries(disguises))('%s: ten are compared', async (disguise, wearing) => {
    const ada = await registered(house().gateways[0])
    const host = newHost()
    let asked = 0
    // The one that eve signed in with herself is none of the guesses.
    const own = disguise.startsWith('the device token') ? 1 : 0
    const evaluated = await comparedDuring(async () => {
      const answers = await wearing(ada, host)
      asked = typeof answers === 'number' ? answers : answers.length
    }, 10 + own)
    found[`${name}: ${disguise}`] = { asked, limit: 10, evaluated: evaluated - own }
    const at = from(disguise.includes('/64') ? sixOf(host, 99) : host)
    await expectExactly(evaluated - own, 10, () => inTurn(15, () => guess(0, ada.email, at)))
    const right = await comparedDuring(async () =>
      expect(['SignInRefused', 'RATE_LIMITED']).toContain(outcomeOf(await guess(1, ada.email, at, ada.password))),
    )
    expect(right).toBe(0)
  })

  it('locked reads like wrong: status, headers and body', async () => {
    const ada = await registered(house().gateways[0])
    const host = newHost()
    const read = async (password: string) => {
      const { status, headers, data, errors } = await guess(0, ada.email, from(host), password)
      const names = [...headers.keys()].filter((header) => !['date', 'x-request-id'].includes(header))
      return { status, data, errors, headers: names.map((header) => [header, headers.get(header)]) }
    }
    const answers = await inTurn(12, () => read(wrongPassword))
    for (const answer of [...answers, await read(ada.password)]) expect(answer).toEqual(answers[0])
  })

  it('one network has fifty wrong tries for everything: passwords of anybody, refresh tokens that come back, reset tokens', async () => {
    const host = newHost()
    const people = await inTurn(6, () => registered(house().gateways[0]))
    const who = (index: number) => people[index % people.length]?.email ?? ''
    const refresh =
      'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename ... on SignedIn { refreshToken } } }'
    const refreshed = async (token: string): Promise<string> =>
      (await ask(either(0), nobody, refresh, { token })).data?.refreshSession?.refreshToken ?? ''
    /** Used, and its successor too. */
    const spentTokens = await inTurn(5, async () => {
      const { refreshToken } = await signedIn(either(0))
      await refreshed(await refreshed(refreshToken))
      return refreshToken
    })
    const over = await signedIn(either(0))
    const reset = `mutation { resetPassword(input: { token: "${'A'.repeat(43)}", newPassword: "a new horse battery" }) { outcome } }`
    await ask(either(0), { authorization: `Bearer ${over.accessToken}` }, 'mutation { signOut { sessionId } }')
    const limit = 50 - 5 - 7
    const evaluated = await comparedDuring(async () => {
      await inTurn(8, (index) => ask(either(index), from(host), refresh, { token: `${spentTokens[0]}x` }))
      await inTurn(60, (index) => ask(either(index), from(host), refresh, { token: over.refreshToken }))
      const tokens = [
        ...(await inTurn(5, (index) => ask(either(index), from(host), refresh, { token: spentTokens[index] }))),
        ...(await inTurn(7, (index) => ask(either(index), from(host), reset))),
      ]
      const uncounted = house().logged().split('a wrong token could not be counted').length - 1
      overloads += uncounted + tokens.filter(({ errors }) => errors.length > 0).length
      await atOnce(60, (index) => guess(index, who(index), from(host)))
    }, limit)
    found[`${name}: other ways in, at one network`] = { asked: 80, limit: 50, evaluated: evaluated + 12 }
    await expectExactly(evaluated, limit, () => inTurn(50, (index) => guess(index, who(index), from(host))))
    const refused = await guess(0, who(0), from(host))
    expect([outcomeOf(refused), refused.errors[0]?.extensions.retryAfterMs]).toEqual([
      'RATE_LIMITED',
      expect.any(Number),
    ])
  })

  const many = `${guesses} guesses from ${guesses / 10} networks: a hundred are compared; the person gets in where they are known, and nobody else`
  it(many, timeForRounds, async () => {
    const ada = await signedIn(house().gateways[0])
    const attacker = (index: number) => from(`203.0.${index % (guesses / 10)}.7`)
    const attack = async () => {
      const batches = await inTurn(guesses / 50, (batch) =>
        atOnce(50, (index) => guess(index, ada.email, attacker(batch * 50 + index))),
      )
      const outcomes = new Set(batches.flat().map(outcomeOf))
      expect([...outcomes].filter((outcome) => outcome !== 'UNAVAILABLE')).toEqual(['SignInRefused'])
    }
    const evaluated = await comparedDuring(attack, 100)
    found[`${name}: many networks, one person`] = { asked: guesses, limit: 100, evaluated }
    await expectExactly(evaluated, 100, attack)
    for (const host of [attacker(3), from(newHost())])
      expect(outcomeOf(await guess(0, ada.email, host, ada.password))).toBe('SignInRefused')
    const known = { ...attacker(3), ...knownBy(ada.deviceToken) }
    for (const gateway of [0, 1])
      expect(outcomeOf(await guess(gateway, ada.email, known, ada.password))).toBe('SignedIn')
  })
}

async function emptyRedis({ redis: { url, prefix } }: Topology): Promise<void> {
  const redis = openRedis(url, storePatienceMs)
  await redis.connect()
  const keys = await redis.keys(`${prefix}*`)
  if (keys.length > 0) await redis.del(...keys)
  redis.disconnect()
}
