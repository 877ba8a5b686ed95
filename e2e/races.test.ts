/** Two hundred at once, over two gateways: what may happen once happens once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limitStories } from './limits/stories.ts'
import { anAdministrator, ask, bearer, from, nobody, registered, signedIn, signInOperation } from './support/client.ts'
import { rounds, timeForRounds } from './support/rounds.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const refresh = `mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename ... on SignedIn { refreshToken } } }`

// We are the proxy; and at this level the log says when a password is compared.
const settings = { LATCHKEY_TRUSTED_PROXIES: '1', LATCHKEY_LOG_LEVEL: 'debug' }

inEveryTopology((name) => {
  let house: Topology
  beforeAll(async () => {
    house = await startTopology(name, { settings })
  })
  afterAll(() => house?.stop())

  const either = (index: number): string => house.gateways[index % 2 === 0 ? 0 : 1]
  const atOnce = <Value>(times: number, work: (index: number) => Promise<Value>): Promise<Value[]> =>
    Promise.all(Array.from({ length: times }, (_, index) => work(index)))

  it(
    `200 parallel refreshes with one token bring forth one successor, ${rounds} times over`,
    timeForRounds,
    async () => {
      let { refreshToken: token } = await signedIn(house.gateways[0])
      for (let round = 0; round < rounds; round++) {
        const answers = await atOnce(200, (index) => ask(either(index), from('203.0.113.1'), refresh, { token }))
        const successors = answers.flatMap(({ data }) => data?.refreshSession?.refreshToken ?? [])
        expect(successors.length).toBeGreaterThan(0)
        expect(new Set(successors).size).toBe(1)
        const next = await ask(house.gateways[1], nobody, refresh, { token: successors[0] })
        expect(next.data.refreshSession.__typename).toBe('SignedIn')
        token = next.data.refreshSession.refreshToken
      }
    },
  )

  it('the tenth wrong password is the last one evaluated: after nine the right one still signs in', async () => {
    const outcomeAfter = async (wrongTries: number) => {
      const ada = await registered(house.gateways[0])
      const wrong = { email: ada.email, password: 'not the password at all' }
      await atOnce(wrongTries, (index) => ask(either(index), nobody, signInOperation, { input: wrong }))
      return (await ask(house.gateways[1], nobody, signInOperation, { input: ada })).data?.signIn?.__typename
    }
    expect([await outcomeAfter(9), await outcomeAfter(10)]).toEqual(['SignedIn', 'SignInRefused'])
  })

  it('of five sign-ins at once exactly as many succeed as a role allows sessions, or exactly so many sessions stay', async () => {
    const [gateway] = house.gateways
    const { accessToken } = await anAdministrator(house)
    const change = (name: string, input: object) => {
      const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`
      return ask(gateway, bearer(accessToken), `mutation ($input: ${type}) { ${name}(input: $input) { __typename } }`, {
        input,
      })
    }
    for (const onExcess of ['REFUSE', 'END_OLDEST']) {
      const role = `two-${onExcess.toLowerCase().replace('_', '-')}`
      await change('createRole', { name: role, description: role, sessionLimit: { max: 2, onExcess } })
      const ada = await registered(gateway)
      const { userId, accessToken: first } = await signedIn(gateway, ada)
      await ask(gateway, bearer(first), 'mutation { signOut { sessionId } }')
      expect((await change('grantRole', { userId, role })).errors).toEqual([])
      const input = { email: ada.email, password: ada.password }
      const answers = await atOnce(5, (index) => ask(either(index), nobody, signInOperation, { input }))
      const types = answers.map(({ data }) => data.signIn.__typename)
      const signedInTimes = types.filter((type) => type === 'SignedIn').length
      expect([signedInTimes, new Set(types).size]).toEqual(onExcess === 'REFUSE' ? [2, 2] : [5, 1])
      const live = await Promise.all(
        answers.map(async ({ data }, index) => {
          const { accessToken: token } = data.signIn
          return token && (await ask(either(index), bearer(token), '{ session { id } }')).data?.session
        }),
      )
      expect(live.filter(Boolean)).toHaveLength(2)
    }
  })

  describe('wrong passwords, in whatever disguise', () => limitStories(name, () => house))
})
