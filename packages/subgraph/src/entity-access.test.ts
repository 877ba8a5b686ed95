import { generateKeyPairSync } from 'node:crypto'
import { systemClock } from '@latchkey/clock'
import type { OnBehalf } from '@latchkey/principal/envelope'
import { createOpener, createSealer } from '@latchkey/principal/envelope'
import { aUser } from '@latchkey/principal/testing'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allow } from './guard.ts'
import { inProcessTransport } from './in-process.ts'
import { createApolloSubgraph } from './kit/apollo.ts'
import { httpTransport } from './over-http.ts'
import { serveSubgraph } from './serve.ts'
import { createSubgraph } from './subgraph.ts'
import type { SubgraphTransport } from './transport.ts'

const definition = {
  name: 'users',
  typeDefs: /* GraphQL */ `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    directive @fetchableBy(subgraphs: [String!]!) on FIELD_DEFINITION | OBJECT
    type Query { me: User named: Named }
    interface Named { name: String }
    type User implements Named @key(fields: "id login { name }") {
      id: ID!
      name: String
      email: String @fetchableBy(subgraphs: ["orders", "letters"])
      phone: String
      login: Login
      home: Home
    }
    type Login { name: String secret: String }
    type Home @fetchableBy(subgraphs: ["orders"]) { town: String }
  `,
  resolvers: {
    Query: { me: () => ada, named: () => ada },
    Named: { __resolveType: () => 'User' },
  },
  rules: { Query: { me: allow, named: allow }, User: allow, Login: allow, Home: allow },
  contextFor: () => ({}),
  logger: silentLogger,
}
const ada = {
  ...{ id: 'usr_ada', name: 'Ada', email: 'ada@example.com', phone: '1' },
  ...{ login: { name: 'ada', secret: 's' }, home: { town: 'London' } },
}

const transports: Record<string, SubgraphTransport> = {}
const closing: (() => unknown)[] = []
beforeAll(async () => {
  const subgraph = createSubgraph(definition)
  const apollo = createApolloSubgraph(definition)
  await apollo.start()
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const seal = createSealer({ issuer: 'gateway', privateKey, clock: systemClock })
  const open = createOpener({ audience: 'users', trusted: { gateway: publicKey }, clock: systemClock })
  const place = { host: '127.0.0.1', port: 0, open, ready: async () => true, logger: silentLogger }
  const served = await serveSubgraph(subgraph, place)
  const overHttp = httpTransport({
    ...{ subgraph: 'users', urls: [`${served.url}/graphql`] },
    seal: (principal, onBehalf) => seal(principal, 'users', onBehalf),
  })
  transports['in process'] = inProcessTransport(subgraph)
  transports['over HTTP'] = overHttp
  transports['by Apollo Server'] = inProcessTransport(apollo)
  closing.push(overHttp.close, served.close, apollo.stop)
})
afterAll(async () => {
  for (const close of closing) await close()
})

describe.each(['in process', 'over HTTP', 'by Apollo Server'])('asked %s', (way) => {
  const principal = aUser()
  const ask = async (query: string, onBehalf?: OnBehalf) => {
    const answer = await transports[way]?.({ query, variables: {}, principal, requestId: 'req_test', onBehalf })
    return {
      data: JSON.parse(JSON.stringify(answer?.data ?? null)),
      refused: answer?.errors?.map(({ path, extensions }) => `${path?.join('.')} ${extensions?.code}`) ?? [],
    }
  }

  it('a subgraph answers what the client asks, whatever it grants', async () => {
    expect((await ask('{ me { phone email home { town } } }')).refused).toEqual([])
  })

  it.each<[string, OnBehalf]>([
    ['what is granted on the field', { orders: ['User.email'] }],
    ['what is granted to each that needs it', { orders: ['User.email'], letters: ['User.email'] }],
    ['what is granted on the type', { orders: ['Home.town'] }],
    ['what it names its things by', { anyone: ['User.id', 'User.login', 'Login.name'] }],
  ])('it answers for another subgraph %s', async (_, onBehalf) => {
    expect((await ask('{ me { id email login { name } home { town } } }', onBehalf)).refused).toEqual([])
  })

  it.each<[string, OnBehalf, string[]]>([
    ['what is granted to nobody', { orders: ['User.phone'] }, ['me.phone FORBIDDEN']],
    ['what is granted to others', { billing: ['User.email'] }, ['me.email FORBIDDEN']],
    [
      'what one of several was not granted',
      { orders: ['User.email'], billing: ['User.email'] },
      ['me.email FORBIDDEN'],
    ],
    ['what stands beside a key', { orders: ['Login.secret'] }, ['me.login.secret FORBIDDEN']],
    ['a type that was granted to somebody else', { letters: ['Home.town'] }, ['me.home.town FORBIDDEN']],
  ])('it refuses to fetch for another subgraph %s, and answers the rest', async (_, onBehalf, refused) => {
    const answer = await ask('{ me { id email phone login { secret } home { town } } }', onBehalf)
    expect(answer.refused).toEqual(refused)
    expect(answer.data.me.id).toBe('usr_ada')
  })

  it('it refuses it also by way of an interface', async () => {
    expect((await ask('{ named { name } }', { orders: ['Named.name'] })).refused).toEqual(['named.name FORBIDDEN'])
  })

  it('an ungranted fetch leaves nothing behind for the next one', async () => {
    await ask('{ me { phone } }', { orders: ['User.phone'] })
    expect((await ask('{ me { phone } }')).data).toEqual({ me: { phone: '1' } })
  })
})
