import { actingUserId, anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { silentLogger } from '@latchkey/telemetry'
import { describe, expect, it } from 'vitest'
import { allow, type Rules, rule, signedIn } from './guard.ts'
import { createNotes, rules, typeDefs } from './notes.fixture.ts'
import { createSubgraph, type GuardedContext, type Resolvers } from './subgraph.ts'
import { ask } from './testing.ts'
import type { StreamEvent } from './transport.ts'

const ada = aUser()
const writer = aUser({ scopes: ['notes:read', 'notes:write'] })
const references = (...ids: string[]) => ({ refs: ids.map((id) => ({ __typename: 'Note', id })) })
const entities = 'query ($refs: [_Any!]!) { _entities(representations: $refs) { ... on Note { id title } } }'
const codes = (answer: { errors?: readonly { extensions?: Record<string, unknown> }[] }) =>
  answer.errors?.map(({ extensions }) => extensions?.code)
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

/** Graphql-js answers the first asking of an operation, compiled code the third. */
const executors = [
  ['graphql-js', 1],
  ['compiled code', 3],
] as const

describe.each(executors)('a subgraph, answering by %s,', (_executor, times) => {
  const answer = async (...asking: Parameters<typeof ask>) => {
    for (let n = 1; n < times; n += 1) await ask(...asking)
    return plain(await ask(...asking))
  }

  it('judges each of two siblings by itself', async () => {
    const { subgraph } = createNotes()
    const told = await answer(subgraph, ada, '{ notes { id title } }')
    expect(told.data.notes).toEqual([{ id: 'n1', title: 'title n1' }, null, { id: 'n3', title: 'title n3' }])
    expect(told.errors).toMatchObject([{ path: ['notes', 1, 'id'], extensions: { code: 'NOT_FOUND' } }])
  })

  it('asks a type rule for each field, however the object was reached', async () => {
    const { subgraph } = createNotes()
    const ways = ['{ note(id: "n2") { title } }', '{ found { ... on Note { title } } }', '{ titled { title } }']
    for (const way of ways) expect(codes(await answer(subgraph, ada, way))).toEqual(['NOT_FOUND'])
    expect(codes(await answer(subgraph, ada, entities, references('n2')))).toEqual(['NOT_FOUND'])
  })

  it('refuses a reference before it loads it', async () => {
    const { subgraph, batches } = createNotes()
    expect(codes(await answer(subgraph, anonymous, entities, references('n1')))).toEqual(['UNAUTHENTICATED'])
    expect(batches).toEqual([])
  })

  it('loads all references of a list in one batch', async () => {
    const { subgraph, batches } = createNotes()
    const told = await answer(subgraph, ada, entities, references('n1', 'n3', 'n1'))
    expect(told.data._entities.map(({ id }: { id: string }) => id)).toEqual(['n1', 'n3', 'n1'])
    expect(batches).toHaveLength(times)
    expect(batches[0]).toEqual(['n1', 'n3', 'n1'])
  })

  it('leaves every reference in its place when one of them fails', async () => {
    const { subgraph } = createNotes()
    const told = await answer(subgraph, ada, entities, references('n1', 'poison', 'gone', 'n2', 'n3'))
    expect(told.data._entities.map((note: { id: string } | null) => note?.id)).toEqual([
      'n1',
      undefined,
      undefined,
      undefined,
      'n3',
    ])
    expect(told.errors.map(({ path }: { path: unknown[] }) => path[1])).toEqual([1, 3])
  })

  it('leaves every item of a list in its place when one of them rejects', async () => {
    const { subgraph } = createNotes()
    const told = await answer(subgraph, ada, '{ note(id: "n1") { related { id } } }')
    expect(told.data.note.related).toEqual([{ id: 'n1' }, null, null])
    expect(codes(told)).toEqual(['UNAVAILABLE'])
  })

  it.each([
    ['problem', 'CONFLICT'],
    ['unavailable', 'UNAVAILABLE'],
    ['error', 'INTERNAL'],
    ['rejection', 'INTERNAL'],
    ['returned', 'INTERNAL'],
    ['text', 'INTERNAL'],
  ])('tells of a resolver that fails with %s only what was meant for the caller', async (how, code) => {
    const { subgraph } = createNotes()
    const told = await answer(subgraph, ada, 'query ($how: String!) { fails(how: $how) }', { how })
    expect(told).toMatchObject({ data: { fails: null }, errors: [{ path: ['fails'], extensions: { code } }] })
    expect(JSON.stringify(told)).not.toMatch(/hunter2|secret detail|store down/)
  })

  it('keeps the message and the facts of a Problem', async () => {
    const { subgraph } = createNotes()
    const [conflict] = (await answer(subgraph, ada, '{ fails(how: "problem") }')).errors
    const [unavailable] = (await answer(subgraph, ada, '{ fails(how: "unavailable") }')).errors
    expect(conflict).toMatchObject({ message: 'Changed by someone else.', extensions: { code: 'CONFLICT' } })
    expect(unavailable.extensions).toEqual({ code: 'UNAVAILABLE', retryAfterMs: 500 })
  })

  it('does not quote a value that its type cannot express', async () => {
    const { subgraph } = createNotes()
    const told = await answer(subgraph, ada, '{ note(id: "n1") { broken } }')
    expect(codes(told)).toEqual(['INTERNAL'])
    expect(JSON.stringify(told)).not.toContain('hunter2')
  })

  it.each(['throws', 'later', 'Nothing', 'Query', 'list'])('outlives a type or a list that fails (%s)', async (how) => {
    const { subgraph } = createNotes()
    const told = await answer(subgraph, ada, 'query ($how: String!) { hello strange(how: $how) { __typename } }', {
      how,
    })
    expect(told).toMatchObject({ data: { hello: 'hello world' }, errors: [{ extensions: { code: 'INTERNAL' } }] })
    expect(JSON.stringify(told)).not.toContain('hunter2')
  })

  it('says which argument or variable is wrong', async () => {
    const { subgraph } = createNotes()
    const byVariable = await answer(subgraph, ada, 'query ($id: ID!) { note(id: $id) { id } }', { id: { no: 1 } })
    const byArgument = await answer(subgraph, ada, 'query ($id: ID = "n1") { note(id: $id) { id } }', { id: null })
    expect(byVariable).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    expect(byArgument).toMatchObject({ data: { note: null }, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
  })

  it('runs nothing of a mutation it refuses', async () => {
    const { subgraph, rows } = createNotes()
    const write = 'mutation { write(id: "n1", title: "mine now") { id } }'
    expect(codes(await answer(subgraph, ada, write))).toEqual(['FORBIDDEN'])
    expect(codes(await answer(subgraph, anonymous, write))).toEqual(['UNAUTHENTICATED'])
    expect(rows.get('n1')?.title).toBe('title n1')
  })

  it('runs the other mutations of an operation when one has a bad argument', async () => {
    const { subgraph, rows } = createNotes()
    const write =
      'mutation ($id: ID = "a") { a: write(id: $id, title: "a") { id } b: write(id: "b", title: "b") { id } }'
    expect(await answer(subgraph, writer, write, { id: null })).toMatchObject({ data: { a: null, b: { id: 'b' } } })
    expect(rows.has('b')).toBe(true)
  })

  it('runs mutations in the order in which they are written', async () => {
    const { subgraph, rows } = createNotes()
    await answer(
      subgraph,
      writer,
      'mutation { a: write(id: "x", title: "1") { id } b: write(id: "x", title: "2") { id } }',
    )
    expect(rows.get('x')?.title).toBe('2')
  })

  it('answers federation and introspection', async () => {
    const { subgraph } = createNotes()
    expect((await answer(subgraph, anonymous, '{ _service { sdl } }')).data._service.sdl).toContain('type Note')
    expect((await answer(subgraph, anonymous, '{ __schema { queryType { name } } __typename }')).data).toEqual({
      __schema: { queryType: { name: 'Query' } },
      __typename: 'Query',
    })
  })

  it('does not skip what a second use of a fragment includes', async () => {
    const { subgraph } = createNotes()
    const query = `query ($no: Boolean!) { a: note(id: "n1") { ...F @include(if: $no) } b: note(id: "n1") { ...F } } fragment F on Note { id }`
    expect((await answer(subgraph, ada, query, { no: false })).data).toEqual({ a: {}, b: { id: 'n1' } })
  })

  it('reads each field under its own rule when the aliases of two paths run together', async () => {
    const { subgraph } = createNotes()
    const query = '{ a_b: note(id: "n1") { c: title } a: note(id: "n1") { b_c: id } }'
    expect((await answer(subgraph, ada, query)).data).toEqual({ a_b: { c: 'title n1' }, a: { b_c: 'n1' } })
  })
})

describe('asking', () => {
  const { subgraph } = createNotes()
  const execute = (query: string, operationName?: string) =>
    subgraph.execute({ query, operationName, variables: {}, principal: ada, requestId: 'req_1' })

  it('picks the operation by its name', async () => {
    const two = 'query A { hello } query B { hello(name: "b") }'
    expect((await execute(two, 'B')).data).toEqual({ hello: 'hello b' })
    expect(codes(await execute(two))).toEqual(['OPERATION_RESOLUTION_FAILURE'])
    expect(codes(await execute(two, 'C'))).toEqual(['OPERATION_RESOLUTION_FAILURE'])
    expect(codes(await execute('query A { hello }', 'C'))).toEqual(['OPERATION_RESOLUTION_FAILURE'])
    expect((await execute('query A { hello }')).data).toEqual({ hello: 'hello world' })
  })

  it('says what is wrong with a document', async () => {
    expect(codes(await execute('{'))).toEqual(['GRAPHQL_PARSE_FAILED'])
    expect(codes(await execute('{ nope }'))).toEqual(['GRAPHQL_VALIDATION_FAILED'])
    expect(codes(await execute(`{ ${'hello '.repeat(30_000)} }`))).toEqual(['GRAPHQL_PARSE_FAILED'])
  })

  it('gives rules and resolvers the principal, and no way to change it', async () => {
    const principal = aUser({ scopes: ['notes:read'] })
    expect((await ask(subgraph, principal, '{ mine }')).data).toEqual({ mine: 'user' })
    expect(() => (principal.scopes as string[]).push('admin')).toThrow(TypeError)
    expect(() => Object.assign(principal, { userId: 'usr_eve' })).toThrow(TypeError)
  })

  it('judges with the principal of this operation, not of the one before', async () => {
    const answers = []
    for (const principal of [
      aUser({ scopes: ['notes:read'] }),
      aUser(),
      anApiKey({ scopes: ['notes:read'] }),
      anonymous,
    ])
      answers.push(await ask(subgraph, principal, '{ mine }'))
    expect(answers.map((answer) => codes(answer)?.[0] ?? answer.data?.mine)).toEqual([
      'user',
      'FORBIDDEN',
      'apiKey',
      'UNAUTHENTICATED',
    ])
  })

  it('keeps two callers apart, even when the context is made of one shared object', async () => {
    const shared = Object.freeze({ greeting: 'hello' })
    const subgraph = createSubgraph({
      name: 'shared',
      typeDefs: 'type Query { me: String }',
      resolvers: {
        Query: {
          async me(_parent, _args, context: GuardedContext & typeof shared) {
            await new Promise((resolve) => setImmediate(resolve))
            return `${context.greeting} ${actingUserId(context.principal)}`
          },
        },
      },
      rules: { Query: signedIn },
      contextFor: () => shared,
      logger: silentLogger,
    })
    const callers = ['usr_ada', 'usr_eve', 'usr_bob'].map((userId) => aUser({ userId }))
    const answers = await Promise.all(callers.map((caller) => ask(subgraph, caller, '{ me }')))
    expect(answers.map(({ data }) => data?.me)).toEqual(['hello usr_ada', 'hello usr_eve', 'hello usr_bob'])
  })

  it('is answered, masked, when no context can be made', async () => {
    const failing = (thrown: unknown) =>
      createSubgraph({
        name: 'failing',
        typeDefs: 'type Query { a: Int }',
        resolvers: {},
        rules: { Query: allow },
        contextFor() {
          throw thrown
        },
        logger: silentLogger,
      })
    expect(codes(await ask(failing(new Error('hunter2')), ada, '{ a }'))).toEqual(['INTERNAL'])
    expect(codes(await ask(failing(new Problem('UNAVAILABLE')), ada, '{ a }'))).toEqual(['UNAVAILABLE'])
  })
})

describe('creating a subgraph', () => {
  const create = (changed: { typeDefs?: string; rules?: Rules; resolvers?: Resolvers }) =>
    createSubgraph({
      name: 'n',
      typeDefs,
      rules,
      resolvers: {},
      contextFor: () => ({}),
      logger: silentLogger,
      ...changed,
    })
  const { Note: _, ...withoutNote } = rules
  const loose = rule('loose', () => true, { cache: 'none' })

  it('fails when fields have no rule, and names them all', () => {
    const fields = ['id', 'ownerId', 'title', 'body', 'writtenAt', 'related', 'broken'].map((name) => `Note.${name}`)
    expect(() => create({ rules: withoutNote })).toThrow(`No rule guards ${fields.join(', ')}`)
  })

  it.each<[string, Parameters<typeof create>[0], string]>([
    [
      'a rule for an unknown field',
      { rules: { ...rules, Folder: { title: loose, notes: loose, size: loose } } },
      'Folder.size',
    ],
    ['a resolver for an unknown field', { resolvers: { Note: { size: () => 1 } } }, 'Note.size'],
    ['a resolver for an unknown type', { resolvers: { Gone: { size: () => 1 } } }, 'Gone'],
    ['an unguarded reference', { resolvers: { Note: { __resolveReference: () => null } } }, 'Note.__resolveReference'],
    ['a type test', { resolvers: { Note: { __isTypeOf: () => true } } }, '__isTypeOf'],
    [
      'a subscription that is never null',
      { typeDefs: 'type Query { a: Int } type Subscription { a: Int! }' },
      'Subscription.a must be nullable',
    ],
  ])('fails when there is %s', (_what, changed, named) => {
    expect(() => create(changed)).toThrow(named)
  })

  it('lets a rule for all of Query stand beside federation’s fields', async () => {
    const subgraph = create({ rules: { ...rules, Query: signedIn } })
    expect(codes(await ask(subgraph, anonymous, '{ hello }'))).toEqual(['UNAUTHENTICATED'])
    expect(codes(await ask(subgraph, anonymous, '{ _service { sdl } }'))).toBeUndefined()
  })
})

describe('a subscription', () => {
  const typeDefs = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { hello: String } type Subscription { noted(id: ID): Noted, plain: Int } type Noted { id: ID, times: Int, of: String }`
  const subgraph = createSubgraph({
    ...{ name: 'notes', typeDefs, logger: silentLogger, contextFor: () => ({}) },
    rules: { Query: allow, Subscription: { noted: signedIn, plain: signedIn }, Noted: allow },
    resolvers: {
      Subscription: {
        noted: (event: StreamEvent | undefined) => event && { ...event.facts, of: event.accountId },
      },
    },
  })
  const noted = (principal: Principal, event?: StreamEvent, query = 'subscription { noted { id times of } }') =>
    subgraph.execute({ query, variables: {}, principal, requestId: 'req_1', event })
  const event = { accountId: 'usr_ada', facts: { id: 'n1', times: 2 } }

  it('answers one event, each time it is asked, and nothing when there is none yet', async () => {
    for (let n = 0; n < 4; n++) {
      expect(plain(await noted(ada, event))).toEqual({ data: { noted: { id: 'n1', times: 2, of: 'usr_ada' } } })
      expect(plain(await noted(ada))).toEqual({ data: { noted: null } })
    }
  })

  it('is refused by its rule whether or not there is an event', async () => {
    expect(codes(await noted(anonymous))).toEqual(['UNAUTHENTICATED'])
  })

  it('tells nobody of somebody else’s account', async () => {
    const eve = aUser({ userId: 'usr_eve' })
    for (const principal of [eve, anApiKey({ ownerId: 'usr_eve' }), anonymous])
      expect(await noted(principal, event)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    expect((await noted(anApiKey({ ownerId: 'usr_ada' }), event)).data).toMatchObject({ noted: { id: 'n1' } })
  })

  it('gives the event to no query', async () => {
    expect(plain(await noted(ada, { accountId: 'usr_ada', facts: { hello: 'x' } }, '{ hello }'))).toEqual({
      data: { hello: null },
    })
  })
})
