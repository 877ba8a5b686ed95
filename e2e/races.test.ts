/** Two hundred at once, over two gateways: what may happen once happens once. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask, bearer, nobody, registered, signedIn, signInOperation } from './support/client.ts'
import { rounds, timeForRounds } from './support/rounds.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const refresh = `mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename ... on SignedIn { refreshToken } } }`

inEveryTopology((name) => {
  let house: Topology
  beforeAll(async () => {
    house = await startTopology(name)
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
        const answers = await atOnce(200, (index) => ask(either(index), nobody, refresh, { token }))
        const successors = answers.flatMap(({ data }) => data?.refreshSession?.refreshToken ?? [])
        expect(successors.length).toBeGreaterThan(0)
        expect(new Set(successors).size).toBe(1)
        const next = await ask(house.gateways[1], nobody, refresh, { token: successors[0] })
        expect(next.data.refreshSession.__typename).toBe('SignedIn')
        token = next.data.refreshSession.refreshToken
      }
    },
  )

  it('after 10 wrong passwords nothing more is evaluated: the right one is refused like any other', async () => {
    const ada = await registered(house.gateways[0])
    const wrong = { email: ada.email, password: 'not the password at all' }
    const answers = await atOnce(200, (index) => ask(either(index), nobody, signInOperation, { input: wrong }))
    const outcomes = new Set(answers.map(({ data, errors }) => data?.signIn?.__typename ?? errors[0]?.extensions.code))
    // UNAVAILABLE is the bounded queue of the password hash speaking: refused, and told so.
    expect([...outcomes].every((outcome) => outcome === 'SignInRefused' || outcome === 'UNAVAILABLE')).toBe(true)
    // A try that the queue refused was not evaluated and does not count: use up what is left of the ten.
    for (let rest = 0; rest < 10; rest++) await ask(either(rest), nobody, signInOperation, { input: wrong })
    for (const gateway of house.gateways) {
      const right = await ask(gateway, nobody, signInOperation, { input: ada })
      expect(right.data?.signIn?.__typename).toBe('SignInRefused')
    }
  })

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
    const root = await registered(gateway)
    await house.grantRole(root.email, 'admin')
    const { accessToken } = await signedIn(gateway, root)
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

  it('aliases and batches get no extra tries', async () => {
    const aliased = `mutation { ${Array.from({ length: 20 }, (_, index) => `a${index}: signIn(input: { email: "a@example.com", password: "wrong wrong wrong" }) { __typename }`).join(' ')} }`
    const refused = await ask(house.gateways[0], nobody, aliased)
    expect([refused.status, refused.errors[0]?.extensions.code]).toEqual([400, 'OPERATION_TOO_COSTLY'])
    const two = `mutation { a: signIn(input: { email: "a@example.com", password: "wrong" }) { __typename } ...B } fragment B on Mutation { b: signIn(input: { email: "a@example.com", password: "wrong" }) { __typename } }`
    expect((await ask(house.gateways[0], nobody, two)).errors[0]?.extensions.code).toBe('OPERATION_TOO_COSTLY')
    const batch = await fetch(`${house.gateways[0]}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(Array.from({ length: 20 }, () => ({ query: '{ __typename }' }))),
    })
    expect(batch.status).toBe(400)
  })
})
