/** What operations may cost, and which are registered, over two gateways. */
import { createHash } from 'node:crypto'
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Answer, apiKey, ask, bearer, type Credential, codesOf, nobody, signedIn } from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

/** Costs 1, and for each alias 1 and as many as there may be in the list. */
const events = (aliases: number) =>
  `query ($n: Int) { me { ${Array.from({ length: aliases }, (_, at) => `a${at}: securityEvents(first: $n) { nodes { __typename } }`).join(' ')} } }`
const readme = '{ me { id email sessions { id device createdAt } apiKeys { id name scopes } } }'
/** A little more than four lists of a hundred: what flows back in half a minute is not enough for another. */
const costs = { LATCHKEY_COST_MAX: '500', LATCHKEY_COST_PER_MINUTE: '500', LATCHKEY_COST_FREE: '150' }

const me = 'query Me { me { id } }'
const idOf = (body: string) => createHash('sha256').update(body).digest('hex')
const manifestOf = (...bodies: readonly string[]) =>
  JSON.stringify({
    ...{ format: 'apollo-persisted-query-manifest', version: 1 },
    operations: bodies.map((body) => ({ id: idOf(body), name: /query (\w+)/.exec(body)?.[1], type: 'query', body })),
  })

const isServed = ({ status, errors }: Answer) => status === 200 && errors.length === 0

inEveryTopology((name) => {
  let house: Topology
  const file = join(mkdtempSync(join(tmpdir(), 'latchkey-operations-')), 'operations.json')
  beforeAll(async () => {
    writeFileSync(file, manifestOf(me))
    const persisted = { LATCHKEY_PERSISTED_OPERATIONS: 'log-unknown', LATCHKEY_OPERATIONS_FILE: file }
    house = await startTopology(name, { settings: { ...costs, ...persisted } })
  })
  afterAll(() => house?.stop())

  const someone = () => signedIn(house.gateways[0])
  const gateway = (at: number) => house.gateways[at % 2 === 0 ? 0 : 1]
  const atOnce = (times: number, credential: Credential, query: string, variables: object = {}) =>
    Promise.all(Array.from({ length: times }, (_, at) => ask(gateway(at), credential, query, variables)))
  const post = async (at: number, credential: Credential, body: object): Promise<Answer & { extensions?: unknown }> => {
    const headers = { 'content-type': 'application/json', ...credential }
    const response = await fetch(`${gateway(at)}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) })
    const { data, errors = [], extensions } = (await response.json()) as Answer & { extensions?: unknown }
    return { status: response.status, headers: response.headers, data, errors, extensions }
  }

  it('tells what an operation costs, the same on both gateways', async () => {
    const { accessToken } = await someone()
    for (const at of [0, 1, 0, 1]) {
      const asked = { ...bearer(accessToken), 'x-latchkey-cost': 'tell' }
      expect((await post(at, asked, { query: readme })).extensions).toEqual({ cost: { planned: 21, max: 500 } })
    }
  })

  it('refuses what costs more than one may, by what its variables ask for', async () => {
    const { accessToken } = await someone()
    const asked = (n: unknown, at = 0) => ask(gateway(at), bearer(accessToken), events(5), { n })
    for (const at of [0, 1]) {
      const refused = await asked(100, at)
      expect([refused.status, refused.data]).toEqual([400, undefined])
      expect(refused.errors[0]?.extensions).toMatchObject({ code: 'OPERATION_TOO_COSTLY', cost: 506, costMax: 500 })
      expect(codesOf(await asked(2 ** 31 - 1, at))).toEqual(['OPERATION_TOO_COSTLY'])
      expect(codesOf(await asked(1e300, at))).toEqual(['OPERATION_TOO_COSTLY'])
    }
    expect(isServed(await asked(10))).toBe(true)
    expect(isServed(await asked(null))).toBe(true)
    for (const n of [-1, 0, 'x', [1], { n: 1 }, 1.5])
      expect(new Set(codesOf(await asked(n)))).toEqual(new Set(['BAD_USER_INPUT']))
  })

  it('grants a person exactly as much as there is of a race over two gateways, and takes nothing from anybody else', async () => {
    const [ada, bob] = [await someone(), await someone()]
    const again = await signedIn(house.gateways[1], ada)
    const race = await Promise.all(
      [ada, again].map(({ accessToken }) => atOnce(20, bearer(accessToken), events(4), { n: 100 })),
    )
    const refused = race.flat().filter((answer) => !isServed(answer))
    expect(refused).toHaveLength(40 - 1)
    for (const answer of refused) {
      expect([answer.status, codesOf(answer)]).toEqual([429, ['RATE_LIMITED']])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect((await atOnce(20, bearer(ada.accessToken), readme)).filter(isServed)).toHaveLength(20)
    expect(isServed(await ask(gateway(1), bearer(bob.accessToken), events(4), { n: 100 }))).toBe(true)
  })

  it('spends from a key what its requests cost, where its limit counts that', async () => {
    const { accessToken } = await someone()
    const limit = { name: 'costs', limit: 50, windowSeconds: 86_400, unit: 'COST' }
    const input = { name: 'by cost', scopes: ['profile:read', 'sessions:read'], rateLimits: [limit] }
    const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }'
    const { data } = await ask(gateway(0), bearer(accessToken), create, { input })
    const key = apiKey(data.createApiKey.secret)
    const answers = await atOnce(30, key, '{ me { sessions { id } } }')
    expect(answers.filter(isServed)).toHaveLength(4)
    // 4 times 11 are spent.
    expect((await atOnce(30, key, '{ me { id } }')).filter(isServed)).toHaveLength(6)
  })

  it('answers registered ids on both gateways, and follows what is registered', async () => {
    const { accessToken, userId } = await someone()
    const asked = (at: number, body: object) => post(at, bearer(accessToken), body)
    const other = 'query Other { me { id email } }'
    const automatic = (id: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: id } } })
    for (const at of [0, 1])
      for (const body of [{ documentId: idOf(me) }, automatic(idOf(me)), { query: me }])
        expect((await asked(at, body)).data).toEqual({ me: { id: userId } })
    for (const at of [0, 1]) {
      expect(codesOf(await post(at, nobody, { documentId: idOf(me) }))).toEqual(['UNAUTHENTICATED'])
      expect(codesOf(await asked(at, { documentId: idOf(other) }))).toEqual(['PERSISTED_QUERY_NOT_IN_LIST'])
    }
    writeFileSync(`${file}.new`, manifestOf(me, other))
    renameSync(`${file}.new`, file)
    for (const at of [0, 1])
      await expect
        .poll(async () => (await asked(at, { documentId: idOf(other) })).data)
        .toMatchObject({ me: { id: userId } })
  })

  it('holds a key to a level of its own where that is stricter, on both gateways and with the next request', async () => {
    const { accessToken, userId } = await someone()
    const byAda = async (query: string, input: object) => {
      const answer = await ask(gateway(0), bearer(accessToken), query, { input })
      expect(codesOf(answer)).toEqual([])
      return answer.data
    }
    const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }'
    const update =
      'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { persistedOperations } } }'
    const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret } }'
    const { secret, apiKey: key } = (await byAda(create, { name: 'held', scopes: ['profile:read'] })).createApiKey
    /** What becomes of a text that is not registered, of one that is, and of an id. */
    const verdicts = async (shown: string, at: number) => {
      const bodies = [{ query: '{ me { id } }' }, { query: me }, { documentId: idOf(me) }]
      const answers = await Promise.all(bodies.map((body) => post(at, apiKey(shown), body)))
      for (const { data, errors } of answers) if (errors.length === 0) expect(data).toEqual({ me: { id: userId } })
      return answers.map((answer) => codesOf(answer)[0] ?? 'served')
    }
    const idRequired = 'PERSISTED_QUERY_ID_REQUIRED'
    const levels = {
      LOG_UNKNOWN: ['served', 'served', 'served'],
      SAFELIST: ['QUERY_NOT_IN_SAFELIST', 'served', 'served'],
      IDS_ONLY: [idRequired, idRequired, 'served'],
    }
    for (const at of [0, 1]) expect(await verdicts(secret, at)).toEqual(levels.LOG_UNKNOWN)
    for (const [persistedOperations, expected] of [...Object.entries(levels), ...Object.entries(levels).toReversed()]) {
      const changed = await byAda(update, { id: key.id, persistedOperations })
      expect(changed.updateApiKey.apiKey).toEqual({ persistedOperations })
      for (const at of [0, 1, 0]) expect(await verdicts(secret, at)).toEqual(expected)
    }
    await byAda(update, { id: key.id, persistedOperations: 'SAFELIST' })
    const explain = `query ($input: ExplainAccessInput!) { explainAccess(input: $input) { decision message key { persistedOperations } } }`
    const explained = await ask(gateway(1), bearer(accessToken), explain, { input: { operation: '{ me { id } }' } })
    expect(explained.data.explainAccess).toMatchObject({ decision: 'PERMITTED', key: null })
    const { rotateApiKey: next } = await byAda(rotate, { id: key.id })
    for (const at of [0, 1]) expect(await verdicts(next.secret, at)).toEqual(levels.SAFELIST)
    await byAda(update, { id: key.id, persistedOperations: 'OFF' })
    for (const at of [0, 1]) expect(await verdicts(secret, at)).toEqual(levels.LOG_UNKNOWN)
  })

  it('refuses a flood of ids that nobody registered, and serves others meanwhile', async () => {
    const { accessToken } = await someone()
    const flood = Array.from({ length: 300 }, (_, at) => post(at, nobody, { documentId: `made-up-${at}` }))
    expect(isServed(await ask(gateway(0), bearer(accessToken), readme))).toBe(true)
    const codes = (await Promise.all(flood)).flatMap(codesOf)
    expect([codes.length, new Set(codes)]).toEqual([300, new Set(['PERSISTED_QUERY_NOT_IN_LIST'])])
  })
})
