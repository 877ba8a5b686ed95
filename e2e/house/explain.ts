/** Why a request is refused, asked of a gateway that runs; and what it says would do, done. */
import { hash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { composeSupergraph, readSupergraphConfig } from '@latchkey/gateway/compose'
import { readPublicGraph } from '@latchkey/public-graph'
import { beforeAll, expect, it } from 'vitest'
import { shownCode } from '../support/authenticator-app.ts'
import {
  type Answer,
  apiKey,
  ask,
  bearer,
  type Credential,
  codesOf,
  nobody,
  patiently,
  type SignedIn,
  signedIn,
} from '../support/client.ts'
import { randomFrom, writeQuery } from '../support/random-query.ts'
import type { Topology, TopologyName } from '../support/topology.ts'

const explainOperation = /* GraphQL */ `
  query ($input: ExplainAccessInput!) {
    explainAccess(input: $input) {
      decision reason message decisionId
      caller { kind userId apiKeyId roles scopes }
      coordinates { path coordinate decision subgraphs allowedToKey requirements { directive declaredAt subgraphs fulfilled } }
      scopes { name held heldByKey rolePaths roles }
      key { refusal operationBound refusedCoordinates }
      assurance { level heldLevel fulfilled }
      limits { name max used left exceeded }
      smallestChanges { changes { kind sentence scopes roles coordinates limits level operation retryAfterMs } }
    }
  }`
const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }'
const update = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { id } } }'
const grant = 'mutation ($input: GrantRoleInput!) { grantRole(input: $input) { outcome } }'

function composedWithOrders(): string {
  const config = fileURLToPath(new URL('../../examples/orders/supergraph.yaml', import.meta.url))
  const composition = composeSupergraph(readSupergraphConfig(config))
  if ('errors' in composition) throw new Error(composition.errors.join('\n'))
  return composition.sdl
}

interface Change {
  readonly kind: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
}

interface Key {
  readonly secret: string
  readonly id: string
}

export function explainStories(name: TopologyName, openHouse: () => Topology): void {
  let house: Topology
  let admin: SignedIn
  beforeAll(async () => {
    house = openHouse()
    admin = await signedIn(house.gateways[0])
    await house.grantRole(admin.email, 'admin')
  })

  const by = (credential: Credential, query: string, variables: object = {}): Promise<Answer> =>
    patiently(() => ask(house.gateways[1], credential, query, variables))
  const done = async (credential: Credential, query: string, input: object) => {
    const answer = await by(credential, query, { input })
    expect(answer.errors).toEqual([])
    return answer.data
  }
  const explained = async (credential: Credential, input: object) =>
    (await done(credential, explainOperation, input)).explainAccess
  const byAdmin = () => bearer(admin.accessToken)
  const keyOf = async (person: SignedIn, input: object): Promise<Key> => {
    const { createApiKey } = await done(bearer(person.accessToken), create, { name: 'k', ...input })
    return { secret: createApiKey.secret, id: createApiKey.apiKey.id }
  }

  /** Refused as it is told, by every gateway; then what is told is changed, and the same request passes. */
  async function liftedBy(
    operation: string,
    as: object,
    credential: Credential,
    cause: { decision: string; kinds: string; reason?: string },
    // biome-ignore lint/suspicious/noExplicitAny: what was asked for
    change: (changes: any[]) => Promise<Credential>,
  ) {
    const refused = await by(credential, operation)
    expect(refused.errors[0]?.extensions).toMatchObject({
      code: cause.decision,
      ...(cause.reason && { reason: cause.reason }),
      decisionId: refused.headers.get('x-request-id'),
    })
    const told = await explained(byAdmin(), { operation, as })
    expect([told.decision, told.reason]).toEqual([cause.decision, cause.reason ?? null])
    const [{ changes }] = told.smallestChanges
    expect(changes.map(({ kind }: { kind: string }) => kind).join(' ')).toBe(cause.kinds)
    const lifted = await change(changes)
    const passed = await by(lifted, operation)
    expect(passed.errors).toEqual([])
    return told
  }

  it('1: nobody is told to sign in, and whoever does so may', async () => {
    await liftedBy(
      '{ me { id } }',
      { anonymous: true },
      nobody,
      { decision: 'UNAUTHENTICATED', kinds: 'SIGN_IN' },
      async () => bearer((await signedIn(house.gateways[0])).accessToken),
    )
  })

  it('2: a person without a role is told which gives the scope', async () => {
    const ada = await signedIn(house.gateways[0])
    const cause = { decision: 'FORBIDDEN', kinds: 'GRANT_ROLE' }
    const { scopes, coordinates } = await liftedBy(
      '{ users(first: 1) { edges { node { id } } } }',
      { userId: ada.userId },
      bearer(ada.accessToken),
      cause,
      async ([{ roles }]) => {
        expect(roles).toEqual(['admin'])
        const sure = await signedIn(house.gateways[0], admin)
        await done(bearer(sure.accessToken), grant, { userId: ada.userId, role: roles[0] })
        return bearer(ada.accessToken)
      },
    )
    expect(scopes).toEqual([{ name: 'users:read', held: false, heldByKey: null, rolePaths: [], roles: ['admin'] }])
    expect(coordinates[0]).toMatchObject({
      path: ['users'],
      coordinate: 'Query.users',
      decision: 'FORBIDDEN',
      subgraphs: ['users'],
    })
  })

  it('3: a key lacks a scope that its owner has', async () => {
    const ada = await signedIn(house.gateways[0])
    const key = await keyOf(ada, { scopes: ['keys:read'] })
    const cause = { decision: 'FORBIDDEN', reason: 'SCOPE_DENIED', kinds: 'ADD_SCOPES_TO_KEY' }
    await liftedBy('{ me { email } }', { apiKeyId: key.id }, apiKey(key.secret), cause, async ([{ scopes }]) => {
      await done(bearer(ada.accessToken), update, { id: key.id, scopes: ['keys:read', ...scopes] })
      return apiKey(key.secret)
    })
  })

  it('4: a key may not touch what its access list leaves out', async () => {
    const ada = await signedIn(house.gateways[0])
    const allow = ['Query.me', 'User.id']
    const key = await keyOf(ada, { scopes: ['profile:read', 'orders:read'], access: { allow } })
    const cause = { decision: 'FORBIDDEN', reason: 'ACL_DENIED', kinds: 'WIDEN_ACCESS_LIST' }
    const operation = '{ me { id email orders { item } } }'
    const told = await liftedBy(
      operation,
      { apiKeyId: key.id },
      apiKey(key.secret),
      cause,
      async ([{ coordinates }]) => {
        expect(coordinates).toEqual(['User.email', 'User.orders', 'Order.item'])
        await done(bearer(ada.accessToken), update, { id: key.id, access: { allow: [...allow, ...coordinates] } })
        return apiKey(key.secret)
      },
    )
    expect(told.coordinates.map((each: { allowedToKey: boolean }) => each.allowedToKey)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })

  it('5: a key is confined to one value of an argument', async () => {
    const ada = await signedIn(house.gateways[0])
    const access = (id: string) => ({ allow: ['Order.*', `Query.order(id: "${ada.userId}-${id}")`] })
    const key = await keyOf(ada, { scopes: ['orders:read'], access: access('1') })
    const operation = `{ order(id: "${ada.userId}-2") { item } }`
    const cause = { decision: 'FORBIDDEN', reason: 'ACL_DENIED', kinds: 'WIDEN_ACCESS_LIST' }
    await liftedBy(operation, { apiKeyId: key.id }, apiKey(key.secret), cause, async ([{ coordinates }]) => {
      expect(coordinates).toEqual(['Query.order(id:)'])
      await done(bearer(ada.accessToken), update, { id: key.id, access: access('2') })
      return apiKey(key.secret)
    })
  })

  it('6: a key is bound to another operation', async () => {
    const ada = await signedIn(house.gateways[0])
    const operations = [hash('sha256', '{ me { id } }', 'hex')]
    const key = await keyOf(ada, { scopes: ['profile:read'], operations })
    const cause = { decision: 'FORBIDDEN', reason: 'ACL_DENIED', kinds: 'BIND_OPERATION' }
    await liftedBy('{ me { email } }', { apiKeyId: key.id }, apiKey(key.secret), cause, async ([{ operation }]) => {
      await done(bearer(ada.accessToken), update, { id: key.id, operations: [...operations, operation] })
      return apiKey(key.secret)
    })
  })

  it('7: a person has proved too little', async () => {
    const ada = await signedIn(house.gateways[0])
    const operation = `{ order(id: "${ada.userId}-2") { paidWith } }`
    const cause = { decision: 'STEP_UP_REQUIRED', kinds: 'STEP_UP' }
    await liftedBy(operation, { userId: ada.userId }, bearer(ada.accessToken), cause, async ([{ level }]) => {
      expect(level).toBe('AAL2')
      return bearer(await steppedUp(ada))
    })
  })

  it('8: a key cannot prove to be a person: its owner can', async () => {
    const ada = await signedIn(house.gateways[0])
    const key = await keyOf(ada, { scopes: ['orders:read'] })
    const operation = `{ order(id: "${ada.userId}-2") { paidWith } }`
    const cause = { decision: 'FORBIDDEN', kinds: 'ASK_IN_PERSON STEP_UP' }
    await liftedBy(operation, { apiKeyId: key.id }, apiKey(key.secret), cause, async () =>
      bearer(await steppedUp(await signedIn(house.gateways[0], ada))),
    )
  })

  it('9: a key is set aside', async () => {
    const ada = await signedIn(house.gateways[0])
    const key = await keyOf(ada, { scopes: ['profile:read'] })
    await by(bearer(ada.accessToken), `mutation { disableApiKey(id: "${key.id}") { apiKey { id } } }`)
    const cause = { decision: 'CREDENTIAL_REJECTED', reason: 'DISABLED', kinds: 'ENABLE_KEY' }
    await liftedBy('{ me { id } }', { apiKeyId: key.id }, apiKey(key.secret), cause, async () => {
      await by(bearer(ada.accessToken), `mutation { enableApiKey(id: "${key.id}") { apiKey { id } } }`)
      return apiKey(key.secret)
    })
  })

  it('10: an operation is too large', async () => {
    const ada = await signedIn(house.gateways[0])
    const mine = bearer(ada.accessToken)
    const operation = `{ me { ${Array.from({ length: 16 }, (_, at) => `a${at}: id`).join(' ')} } }`
    expect(codesOf(await by(mine, operation))).toEqual(['OPERATION_TOO_COSTLY'])
    const told = await explained(mine, { operation })
    expect(told.decision).toBe('OPERATION_TOO_COSTLY')
    expect(told.smallestChanges[0].changes[0]).toMatchObject({ kind: 'SHRINK_OPERATION', limits: ['ALIASES'] })
    const { max } = told.limits.find((each: { name: string }) => each.name === 'ALIASES')
    expect(
      (await by(mine, `{ me { ${Array.from({ length: max }, (_, at) => `a${at}: id`).join(' ')} } }`)).errors,
    ).toEqual([])
  })

  it('is answered to everybody about themselves, and about others to whoever may explain access', async () => {
    const [ada, eve] = [await signedIn(house.gateways[0]), await signedIn(house.gateways[0])]
    const operation = '{ me { email } }'
    const own = await explained(bearer(ada.accessToken), { operation })
    expect([own.decision, own.caller.userId, own.scopes[0].rolePaths]).toEqual(['PERMITTED', ada.userId, null])
    const key = await keyOf(ada, { scopes: ['profile:read'] })
    expect((await explained(apiKey(key.secret), { operation })).caller).toMatchObject({
      kind: 'apiKey',
      apiKeyId: key.id,
    })
    for (const as of [{ userId: ada.userId }, { apiKeyId: key.id }, { anonymous: true }, { roles: ['admin'] }, {}])
      expect(codesOf(await by(bearer(eve.accessToken), explainOperation, { input: { operation, as } }))).toEqual([
        'FORBIDDEN',
      ])
    expect(codesOf(await by(nobody, explainOperation, { input: { operation } }))).toEqual(['UNAUTHENTICATED'])
    for (const as of [{ userId: 'usr_nobody' }, { apiKeyId: 'nokey' }])
      expect(codesOf(await by(byAdmin(), explainOperation, { input: { operation, as } }))).toEqual(['NOT_FOUND'])
  })

  it('says of random operations what comes of them, and what it takes', async () => {
    const { schema } = readPublicGraph(composedWithOrders())
    const random = randomFrom(7)
    const [ada, strong] = [await signedIn(house.gateways[0]), await signedIn(house.gateways[0])]
    await house.grantRole(strong.email, 'admin')
    const raised = await steppedUp(strong)
    const key = await keyOf(ada, { scopes: ['profile:read'] })
    const callers: readonly (readonly [object, Credential])[] = [
      [{ anonymous: true }, nobody],
      [{ userId: ada.userId }, bearer(ada.accessToken)],
      [{ apiKeyId: key.id }, apiKey(key.secret)],
    ]
    /** Whoever is what the caller would be after the changes. */
    async function after(changes: readonly Change[], credential: Credential): Promise<Credential> {
      const kinds = changes.map(({ kind }) => kind)
      if (kinds.includes('STEP_UP')) return bearer(raised)
      if (kinds.includes('GRANT_ROLE')) return byAdmin()
      const [{ kind, roles, scopes }] = changes as [Change]
      if (kind === 'SIGN_IN') return roles.length === 0 || roles.includes('user') ? bearer(ada.accessToken) : byAdmin()
      if (kind !== 'ADD_SCOPES_TO_KEY') return kind === 'ASK_IN_PERSON' ? bearer(ada.accessToken) : credential
      const { secret } = await keyOf(ada, { scopes: ['profile:read', ...scopes] })
      return apiKey(secret)
    }
    const codeOf = ({ status, errors }: Answer) => (status === 200 ? 'PERMITTED' : errors[0]?.extensions.code)
    const told = new Map<unknown, number>()
    for (let turn = 0; turn < 4; turn++) {
      const operation = writeQuery(schema, random)
      for (const [as, credential] of callers) {
        const { decision, smallestChanges } = await explained(byAdmin(), { operation, as })
        expect([operation, decision]).toEqual([operation, codeOf(await by(credential, operation))])
        told.set(decision, (told.get(decision) ?? 0) + 1)
        for (const { changes } of smallestChanges)
          expect([operation, codeOf(await by(await after(changes, credential), operation))]).toEqual([
            operation,
            'PERMITTED',
          ])
      }
    }
    for (const decision of ['PERMITTED', 'UNAUTHENTICATED', 'FORBIDDEN']) expect(told.get(decision)).toBeGreaterThan(0)
  })

  it('runs nothing and spends nothing', async () => {
    const ada = await signedIn(house.gateways[0])
    const rateLimits = [{ name: 'few', limit: 3, windowSeconds: 3_600, burst: 3 }]
    const key = await keyOf(ada, { scopes: ['profile:read', 'sessions:write'], rateLimits })
    const as = { apiKeyId: key.id }
    const left = async () =>
      (await explained(byAdmin(), { operation: 'mutation { signOut { sessionId } }', as })).limits.find(
        (each: { name: string }) => each.name === 'few',
      ).left
    expect([await left(), await left(), await left(), await left()]).toEqual([3, 3, 3, 3])
    expect((await by(bearer(ada.accessToken), '{ session { id } }')).data.session.id).toBe(ada.sessionId)
    for (let times = 0; times < 3; times++) expect((await by(apiKey(key.secret), '{ me { id } }')).errors).toEqual([])
    const spent = await explained(byAdmin(), { operation: '{ me { id } }', as })
    expect([spent.decision, spent.smallestChanges[0].changes[0].kind]).toEqual(['RATE_LIMITED', 'WAIT'])
    expect(codesOf(await ask(house.gateways[0], apiKey(key.secret), '{ me { id } }'))).toEqual(['RATE_LIMITED'])
  })

  it('is told to an operator as a tree', async () => {
    const ada = await signedIn(house.gateways[0])
    const words = ['explain', '--user', ada.email, '{ me { email } users(first: 1) { edges { node { id } } } }']
    const said = await house.operate(...words).catch((thrown: Error) => thrown.message)
    expect(said).toContain('✓ email  User.email [users]')
    expect(said).toContain('✗ users  Query.users [users]')
    expect(said).toContain('✗ FORBIDDEN')
    expect(said).toContain('→ Grant the role admin, which gives users:read.')
    if (name === 'distributed') return // Each command is a process of its own there.
    expect(await house.operate('explain', '--user', ada.email, '{ me { email } }')).toContain('✓ PERMITTED')
    const asked = (...more: string[]) => house.operate('explain', ...more).catch((thrown: Error) => thrown.message)
    const key = await keyOf(ada, { scopes: ['keys:read'] })
    expect(await asked('--key', key.id, '{ me { email } }')).toContain('→ Let the key hold profile:read')
    expect(await asked('--role', 'admin', '{ roles { name } }')).toContain('✓ PERMITTED')
    expect(await asked('{ me { id } }')).toContain('→ Sign in.')
    expect(await asked('--user', 'nobody@example.com', '{ me { id } }')).toContain('There is no account')
    expect(await asked('--user', ada.email, '--anonymous', '{ me { id } }')).toContain('Call it like this: explain')
  })

  async function steppedUp({ accessToken }: SignedIn): Promise<string> {
    const { secret } = (await by(bearer(accessToken), 'mutation { enrolTotp { secret } }')).data.enrolTotp
    const confirm = 'mutation ($input: ConfirmTotpInput!) { confirmTotp(input: $input) { outcome } }'
    await done(bearer(accessToken), confirm, { code: shownCode(secret, Date.now()) })
    const stepUp = 'mutation ($input: StepUpInput!) { stepUp(input: $input) { ... on SignedIn { accessToken } } }'
    const raised = await done(bearer(accessToken), stepUp, { totp: shownCode(secret, Date.now(), 1) })
    return raised.stepUp.accessToken
  }
}
