/** A small federation for tests: two subgraphs, access directives in every place they may stand, and a record of who was asked. */
import { buildSubgraphSchema } from '@apollo/subgraph'
import { systemEntropy } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import type { UserPrincipal } from '@latchkey/principal'
import { memoryAccountNews } from '@latchkey/principal/account-news.memory'
import { budgetTerms } from '@latchkey/principal/budget-terms'
import type { Confinement } from '@latchkey/principal/confinement'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { memoryKeyBudgets } from '@latchkey/principal/key-budgets.memory'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import type { SubgraphRequest, SubgraphTransport } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'
import { composeServices } from '@theguild/federation-composition'
import { execute, parse } from 'graphql'
import type { Recogniser } from './authenticate/authenticate.ts'
import { planning } from './execute/planning/planning.fixture.ts'
import { createGateway, type Gateway, type GatewayDependencies, type Policies } from './gateway.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@shareable", "@authenticated", "@requiresScopes", "@policy", "@inaccessible", "@composeDirective"])`

const assurance = `
  extend schema @link(url: "https://latchkey.dev/requiresAssurance/v1.0", import: ["@requiresAssurance"])
    @composeDirective(name: "@requiresAssurance")
  directive @requiresAssurance(level: AssuranceLevel! = AAL1, maxAge: Int) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE
  enum AssuranceLevel { AAL1 AAL2 }`

const people = `${link} ${assurance}
  type Query {
    open: String
    me: User @authenticated
    user(id: ID!): User
    node(id: ID!): Node
    nodes: [Node!]!
    search: [Thing!]!
    secret: Secret
    vaulted: String @requiresAssurance(level: AAL2, maxAge: 600)
    badge: Badge
    count(by: Int! = 1): Int
    echo(input: EchoInput!): String
    must: String!
    broken: String
    refused: String
    hidden: String @inaccessible
  }
  type Mutation {
    signIn(email: String!): String
    enter: SignInResult!
    leave: SignOutPayload @authenticated
    revokeSession(id: ID!): String @authenticated
    refreshSession: SignInResult!
    rename(name: String!): User @requiresScopes(scopes: [["profile:write"]])
    ping: String
    raise: Int @policy(policies: [["hr"]])
  }
  union SignInResult = SignedIn | SignInRefused
  type SignedIn { accessToken: String! refreshToken: String! expiresAt: String! refreshExpiresAt: String! deviceToken: String user: User! }
  type SignInRefused { remedy: String! }
  type SignOutPayload { sessionId: ID! }
  input EchoInput { text: String! times: Int = 1 }
  interface Node { id: ID! label: String }
  type User implements Node @key(fields: "id") {
    id: ID!
    label: String
    email: String @requiresScopes(scopes: [["profile:read"], ["users:read"]])
    friend: User
    rival: User
    salary: Int @policy(policies: [["hr"], ["audit", "office"]])
  }
  type Vault implements Node @authenticated { id: ID! label: String code: String @requiresScopes(scopes: [["vault:read", "vault:open"], ["vault:admin"]]) pin: String! @requiresScopes(scopes: [["vault:admin"]]) }
  type Note implements Node { id: ID! label: String }
  union Thing = User | Vault | Note
  scalar Secret @requiresScopes(scopes: [["secret:read"]])
  enum Badge @authenticated { GOLD }
`

const places = `${link}
  type User @key(fields: "id") { id: ID! sessions: [Session!] @requiresScopes(scopes: [["sessions:read"]]) mood: String }
  type Session { id: ID! device: String }
`

/** Throws what composition complains of. */
export function composeEstate(schemas: Readonly<Record<string, string>> = { people, places }): string {
  const services = Object.entries(schemas).map(([name, sdl]) => ({
    name,
    url: `http://${name}.test/graphql`,
    typeDefs: parse(sdl),
  }))
  const { supergraphSdl, errors } = composeServices(services)
  if (supergraphSdl === undefined) throw new Error(errors?.map(({ message }) => message).join('\n'))
  return supergraphSdl
}

const ada = { __typename: 'User', id: 'usr_ada', label: 'Ada', email: 'ada@example.org', salary: 100 }
const bob = {
  __typename: 'User',
  id: 'usr_bob',
  label: 'Bob',
  email: 'bob@example.org',
  salary: 100,
  friend: ada,
  rival: null,
}
const person = (id: string) => (id === ada.id ? { ...ada, friend: bob, rival: bob } : id === bob.id ? bob : null)
const vault = { __typename: 'Vault', id: 'vault', label: 'Vault', code: '1234', pin: '0000' }
const note = { __typename: 'Note', id: 'note', label: 'Groceries' }

/** Of the clock's half past and two o'clock; the access token is a bearer token of this estate. */
const signedIn = {
  ...{ __typename: 'SignedIn', accessToken: 'profile:read', refreshToken: 'ses_ada.1.k.mac' },
  ...{ expiresAt: '2030-01-01T00:30:00Z', refreshExpiresAt: '2030-01-01T02:00:00Z' },
  deviceToken: 'dev_x',
}

const peopleRoot = {
  open: 'sesame',
  me: () => person(ada.id),
  user: ({ id }: { id: string }) => person(id),
  node: ({ id }: { id: string }) => [person(id), vault, note].find((one) => one?.id === id) ?? null,
  nodes: [ada, vault, note],
  search: [bob, vault, note],
  secret: 'xyzzy',
  vaulted: 'gold',
  badge: 'GOLD',
  count: ({ by }: { by: number }) => by + 1,
  echo: ({ input }: { input: { text: string; times: number } }) => input.text.repeat(input.times),
  must: null,
  broken: () => {
    throw new Error('password of the database is hunter2')
  },
  refused: () => {
    throw new Problem('NOT_FOUND')
  },
  signIn: ({ email }: { email: string }) => `token for ${email}`,
  enter: { ...signedIn, user: ada },
  leave: { sessionId: 'ses_ada' },
  revokeSession: ({ id }: { id: string }) => id,
  refreshSession: { __typename: 'SignInRefused', remedy: 'Sign in again.' },
  rename: ({ name }: { name: string }) => ({ ...ada, label: name }),
  ping: 'pong',
  raise: 1,
}

const placesResolvers = {
  User: {
    __resolveReference: ({ id }: { id: string }) => ({
      id,
      mood: 'fine',
      sessions: [{ id: `ses_of_${id}`, device: 'Firefox' }],
    }),
  },
}

/** A subgraph that is a function call. */
export function serve(sdl: string, resolvers: object, rootValue: unknown): SubgraphTransport {
  // graphql-js types of @apollo/subgraph take no plain object here.
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }])
  return async ({ query, variables }) =>
    JSON.parse(JSON.stringify(await execute({ schema, document: parse(query), rootValue, variableValues: variables })))
}

const peopleResolvers = { User: { __resolveReference: ({ id }: { id: string }) => person(id) } }

export interface Estate {
  readonly supergraphSdl: string
  readonly transports: Readonly<Record<string, SubgraphTransport>>
  /** Every request to a subgraph, in order. */
  readonly asked: SubgraphRequest[]
}

export function createEstate(): Estate {
  const asked: SubgraphRequest[] = []
  const recorded =
    (transport: SubgraphTransport): SubgraphTransport =>
    (request) => {
      asked.push(request)
      return transport(request)
    }
  return {
    supergraphSdl: composeEstate(),
    transports: {
      people: recorded(serve(people, peopleResolvers, peopleRoot)),
      places: recorded(serve(places, placesResolvers, {})),
    },
    asked,
  }
}

/** `Authorization: Bearer <scope>,<scope>` is Ada with these scopes; `Bearer bad` is a bad credential, `Bearer bob` is Bob. */
export const adaWithScopes: Recogniser = async ({ authorization }) => {
  if (authorization === undefined) return null
  const [, scopes = ''] = String(authorization).split(' ')
  if (scopes === 'bad') throw new Problem('CREDENTIAL_REJECTED')
  if (scopes === 'bob') return { principal: aUser({ userId: bob.id, scopes: [] }) }
  return { principal: adaHolding(...scopes.split(',').filter(Boolean)) }
}

export const adaHolding = (...scopes: string[]): UserPrincipal => aUser({ userId: ada.id, scopes })

/** `x-api-key: <id> <JSON of what it is confined to>` is a key of Ada's that holds `profile:read`. */
const adaByKey: Recogniser = async ({ 'x-api-key': text }) => {
  if (text === undefined) return null
  const [keyId = '', ...words] = String(text).split(' ')
  const confinement: Confinement = words.length > 0 ? JSON.parse(words.join(' ')) : {}
  const scopes = ['profile:read']
  const record = { keyId, version: 1, ownerId: ada.id, secretMac: '', pepperId: '', scopes, confinement }
  return {
    principal: anApiKey({ keyId, ownerId: ada.id, scopes }),
    key: { ...record, environment: 'test', expiresAtMs: null, revokedAtMs: null },
  }
}

export interface OpenEstate extends Estate {
  readonly gateway: Gateway
  readonly url: string
}

const clock = clockAt('2030-01-01T00:00:00Z')
const terms = budgetTerms({ key: { perMinute: 60, burst: 20 }, owner: { perMinute: 6_000, burst: 1_000 } })

/** `hr` is for who holds the scope `hr`; `audit` is for everyone, and `office` for an address that nobody has. */
const policies: Policies = {
  hr: ({ principal }) => principal.kind === 'user' && principal.scopes.includes('hr'),
  audit: () => true,
  office: ({ client }) => client.address === '192.0.2.7',
}

export const dependenciesOf = ({ supergraphSdl, transports }: Estate): GatewayDependencies => ({
  supergraphSdl,
  transports,
  recognisers: [adaWithScopes, adaByKey],
  policies,
  budgets: memoryKeyBudgets({ clock, terms, loadUsesSpent: async () => null }),
  logger: silentLogger,
  clock,
  entropy: systemEntropy,
  publicUrl: 'http://localhost:4000',
  mode: 'development',
  explaining: {
    records: memoryCredentialRecords({ clock }),
    ...{ loadGrants: async () => null, loadApiKey: async () => null, environment: 'test' },
  },
  news: memoryAccountNews(),
  planning,
})

/** The estate behind a gateway that listens on a free port of loopback. */
export async function openEstate(overrides: Partial<GatewayDependencies> = {}): Promise<OpenEstate> {
  const estate = createEstate()
  const gateway = createGateway({ ...dependenciesOf(estate), ...overrides })
  const { url } = await gateway.listen({ host: '127.0.0.1', port: 0 })
  return { ...estate, gateway, url }
}
