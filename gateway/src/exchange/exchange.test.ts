import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type Clock, secondMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import type { Principal } from '@latchkey/principal'
import { budgetTerms } from '@latchkey/principal/budget-terms'
import { createOpener, createSealer, envelopeHeader } from '@latchkey/principal/envelope'
import { memoryKeyBudgets } from '@latchkey/principal/key-budgets.memory'
import { aService, aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from '../estate.fixture.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const gatewayKeys = generateKeyPairSync('ed25519')
const hive = generateKeyPairSync('ed25519')
const elsewhere = generateKeyPairSync('ed25519')

interface Sealing {
  readonly issuer: string
  readonly privateKey: KeyObject
  readonly principal?: Principal
  readonly audience?: string
  readonly at?: Clock
}
const sealed = ({ issuer, privateKey, principal = aService(issuer), audience = 'gateway', at = clock }: Sealing) =>
  createSealer({ issuer, privateKey, clock: at })(principal, audience)
const asHive = async () => ({ [envelopeHeader]: await sealed({ issuer: 'hive', privateKey: hive.privateKey }) })

let estate: OpenEstate
const perMinute = { perMinute: 60, burst: 3 }
beforeAll(async () => {
  const terms = budgetTerms({ key: perMinute, owner: { perMinute: 6_000, burst: 1_000 } })
  estate = await openEstate({
    clock,
    budgets: memoryKeyBudgets({ clock, terms, loadUsesSpent: async () => null }),
    limits: { bodyBytesMax: 4_096 },
    exchanging: {
      routers: { hive: hive.publicKey },
      seal: createSealer({ issuer: 'gateway', privateKey: gatewayKeys.privateKey, clock }),
    },
  })
})
afterAll(() => estate.gateway.close())

interface Answered {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it asked for
  readonly body: any
  readonly code: string | undefined
}

async function send(body: unknown, headers: Record<string, string>, method = 'POST'): Promise<Answered> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${estate.url}/principal`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'POST' && { body: text }),
  })
  const answer = (await response.json()) as Answered['body']
  return { status: response.status, headers: response.headers, body: answer, code: answer.errors?.[0].extensions.code }
}
const exchange = async (body: unknown, headers: Record<string, string> = {}) =>
  send(body, { ...(await asHive()), ...headers })

const openFor = (audience: string, at: Clock = clock) =>
  createOpener({ audience, trusted: { gateway: gatewayKeys.publicKey }, clock: at })
const ada = { authorization: 'Bearer profile:read' }
const me = { audiences: ['people', 'places'], query: '{ me { email } }' }
const aKey = (keyId: string, confinement: object = {}) => ({ 'x-api-key': `${keyId} ${JSON.stringify(confinement)}` })

describe('a router that is trusted', () => {
  it('is given an envelope for each subgraph, good there and nowhere else', async () => {
    const { status, body, headers } = await exchange(me, ada)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      issued_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      principals: { people: expect.any(String), places: expect.any(String) },
      clients: { people: expect.any(String), places: expect.any(String) },
      expiresAt: '2030-01-01T00:01:00.000Z',
      authenticated: true,
      scopes: ['profile:read'],
    })
    const opened = await openFor('people')(body.principals.people)
    expect(opened.principal).toMatchObject({ kind: 'user', userId: 'usr_ada', scopes: ['profile:read'] })
    await expect(openFor('places')(body.principals.people)).rejects.toMatchObject({ code: 'CREDENTIAL_REJECTED' })
    await expect(openFor('gateway')(body.principals.people)).rejects.toMatchObject({ code: 'CREDENTIAL_REJECTED' })
    const later = clockAt(new Date(clock.now().getTime() + 63 * secondMs).toISOString())
    await expect(openFor('people', later)(body.principals.people)).rejects.toMatchObject({
      code: 'CREDENTIAL_REJECTED',
    })
    expect(estate.asked).toEqual([])
  })

  it('is given envelopes of nobody for a client without a credential, who may ask what anybody may', async () => {
    const { status, body } = await exchange({ audiences: ['people'], query: '{ open }' })
    expect([status, body.authenticated, body.scopes]).toEqual([200, false, []])
    expect((await openFor('people')(body.principals.people)).principal).toEqual({ kind: 'anonymous' })
  })

  it('may leave out the operation, and then answers for it', async () => {
    expect(await exchange({ audiences: ['people'] }, ada)).toMatchObject({ status: 200 })
  })

  it.each([
    ['a bad credential', { ...me }, { authorization: 'Bearer bad' }, 401, 'CREDENTIAL_REJECTED'],
    [
      'credentials of two people',
      { ...me },
      { authorization: 'Bearer bob', ...aKey('Key1') },
      401,
      'CREDENTIAL_REJECTED',
    ],
    ['nobody, where somebody is asked for', { ...me }, {}, 401, 'UNAUTHENTICATED'],
    ['a scope that is missing', { ...me }, { authorization: 'Bearer sessions:read' }, 403, 'FORBIDDEN'],
    ['what a policy denies', { ...me, query: 'mutation { raise }' }, ada, 403, 'FORBIDDEN'],
    ['a proof that is too weak', { ...me, query: '{ vaulted }' }, ada, 403, 'STEP_UP_REQUIRED'],
    ['an operation that is none', { ...me, query: '{ ghost }' }, ada, 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'an operation that is too large',
      { ...me, query: `{ ${'a: open '.repeat(60)} }` },
      {},
      400,
      'OPERATION_TOO_COSTLY',
    ],
  ] as const)('is refused for %s as the client would be at /graphql', async (_, body, headers, status, code) => {
    const refused = await exchange(body, headers)
    expect(refused).toMatchObject({ status, code })
    const { audiences: _audiences, ...operation } = body
    const direct = await fetch(`${estate.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(operation),
    })
    const { errors } = (await direct.json()) as Answered['body']
    const told = (all: { message: string; extensions: { decisionId?: string } }[]) =>
      all.map(({ message, extensions: { decisionId: _id, ...rest } }) => ({ message, ...rest }))
    expect(direct.status).toBe(status)
    expect(told(refused.body.errors)).toEqual(told(errors))
    expect(estate.asked).toEqual([])
  })

  it('spends from a key once for each exchange, however many audiences, and is told what is left', async () => {
    const key = aKey('KeySpends')
    const answers = []
    for (let turn = 0; turn < 4; turn++) answers.push(await exchange(me, key))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
    expect(answers[3]?.code).toBe('RATE_LIMITED')
    expect(answers[3]?.headers.get('retry-after')).toBe('1')
    expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1', '0', '0'])
  })

  it('spends exactly what there is when many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(me, aKey('KeyRaces'))))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
    expect(answers.filter(({ code }) => code === 'RATE_LIMITED')).toHaveLength(17)
  })

  it('has to say what is asked with a key that is confined by it, and then the key is held to it', async () => {
    const accepted = ['Query.me', 'User.id']
    const access = { allow: accepted, accepted, deny: [], denied: [] }
    for (const confinement of [
      { access },
      { operations: ['00'] },
      { persistedOperations: 'LOG_UNKNOWN' },
      { rateLimits: [costLimit] },
    ]) {
      const untold = await exchange({ audiences: ['people'] }, aKey('KeyConfined', confinement))
      expect(untold, JSON.stringify(confinement)).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' })
    }
    const allowed = await exchange({ audiences: ['people'], query: '{ me { id } }' }, aKey('KeyConfined', { access }))
    expect(allowed.status).toBe(200)
    const refused = await exchange(me, aKey('KeyConfined', { access }))
    expect(refused).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect(refused.body.errors[0].extensions.reason).toBe('ACL_DENIED')
  })
})

const costLimit = { name: 'cost', limit: 100, windowSeconds: 60, burst: 100, unit: 'cost' }

describe('whoever is no router', () => {
  const day = clockAt('2029-12-31T00:00:00Z')
  it.each([
    ['a client with its own credential alone', {}],
    ['words', { [envelopeHeader]: 'hive' }],
  ])('%s is refused', async (_, headers) => {
    expect(await send(me, { ...ada, ...headers })).toMatchObject({ status: 403, code: 'FORBIDDEN' })
  })

  it.each<[string, Sealing]>([
    ['a router of another deployment', { issuer: 'hive', privateKey: elsewhere.privateKey }],
    ['a service that is no router', { issuer: 'billing', privateKey: elsewhere.privateKey }],
    ['a router’s envelope for a subgraph', { issuer: 'hive', privateKey: hive.privateKey, audience: 'people' }],
    ['a router’s envelope of yesterday', { issuer: 'hive', privateKey: hive.privateKey, at: day }],
    [
      'a router that calls itself another',
      { issuer: 'hive', privateKey: hive.privateKey, principal: aService('orders') },
    ],
    ['a router that calls itself a person', { issuer: 'hive', privateKey: hive.privateKey, principal: aUser() }],
    ['the gateway’s own envelope', { issuer: 'gateway', privateKey: gatewayKeys.privateKey, principal: aUser() }],
  ])('%s is refused, and told nothing of the credential', async (_, sealing) => {
    const headers = { [envelopeHeader]: await sealed(sealing) }
    for (const credential of [ada, { authorization: 'Bearer bad' }, {}]) {
      const { status, body } = await send(me, { ...credential, ...headers })
      expect([status, body.errors[0].extensions.reason]).toEqual([403, 'ROUTER_REFUSED'])
    }
  })

  it('nobody gets past the check by sending two envelopes', async () => {
    const { [envelopeHeader]: good = '' } = await asHive()
    expect(await send(me, { ...ada, [envelopeHeader]: `${good}, ${good}` })).toMatchObject({ status: 403 })
  })
})

describe('what is asked is bounded', () => {
  it.each([
    ['no audience', { audiences: [] }],
    ['none at all', {}],
    ['a text', { audiences: 'people' }],
    ['what is no name', { audiences: [1] }],
    ['a subgraph that is none', { audiences: ['people', 'users'] }],
    ['a name from the language', { audiences: ['constructor'] }],
    ['the gateway', { audiences: ['gateway'] }],
    ['more names than there are subgraphs', { audiences: Array.from({ length: 101 }, () => 'people') }],
    ['a name without end', { audiences: ['x'.repeat(2_000)] }],
    ['no object', []],
  ])('%s as audiences is refused by name', async (_, body) => {
    const { status, code, body: answer } = await exchange(body, ada)
    expect([status, code, Object.keys(answer.errors[0].extensions.fields)]).toEqual([
      400,
      'BAD_USER_INPUT',
      ['audiences'],
    ])
    expect(JSON.stringify(answer).length).toBeLessThan(500)
  })

  it('names every member that is wrong at once', async () => {
    const { body } = await exchange({ audiences: [], query: 5 }, ada)
    expect(Object.keys(body.errors[0].extensions.fields)).toEqual(['audiences', 'query'])
  })

  it('the same audience twice is one', async () => {
    const { body } = await exchange({ audiences: ['people', 'people'] }, ada)
    expect(Object.keys(body.principals)).toEqual(['people'])
  })

  it('a body over the limit, no JSON, another type, another method and cookies are refused', async () => {
    const large = await exchange({ ...me, variables: { pad: 'x'.repeat(5_000) } }, ada)
    expect(large).toMatchObject({ status: 400, code: 'OPERATION_TOO_COSTLY' })
    expect(await exchange('{', ada)).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
    expect(await exchange(me, { ...ada, 'content-type': 'text/plain' })).toMatchObject({ status: 415 })
    expect(await send(me, await asHive(), 'GET')).toMatchObject({ status: 405 })
    for (const headers of [{ cookie: 'latchkey=profile:read' }, { 'x-latchkey-auth-mode': 'cookie' }])
      expect(await exchange(me, headers)).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
    expect(await exchange(me, { ...ada, cookie: 'theme=dark' })).toMatchObject({ status: 200 })
  })
})

it('a gateway that knows no router has nothing to exchange', async () => {
  const closed = await openEstate()
  const response = await fetch(`${closed.url}/principal`, { method: 'POST', headers: await asHive() })
  expect(response.status).toBe(404)
  await closed.gateway.close()
})
