import { readPublicGraph } from '@latchkey/public-graph'
import { describe, expect, it } from 'vitest'
import { graphSdl } from '../application.fixture.ts'
import { accepting, createAccessList, pendingIn, staleIn } from './access.ts'
import { readAccess, readOperations } from './read-access.ts'
import { parseAccessRule, writeRule } from './rule.ts'

const graph = readPublicGraph(graphSdl)
const { schema } = graph

const listed = (allow: readonly string[], deny: readonly string[] = [], of = schema) =>
  createAccessList(
    {
      allow: allow.flatMap((text) => parseAccessRule(text) ?? []),
      deny: deny.flatMap((text) => parseAccessRule(text) ?? []),
    },
    of,
  )

const orders = ['Query.orders', 'Query.orders(customerId:)', 'Query.orders(first:)', 'Query.orders(ids:)']
const order = ['Order.id', 'Order.total', 'Order.internalNotes', 'Order.lines', 'Order.lines(first:)']

describe('a rule', () => {
  it.each([
    ['Query.orders', 'Query.orders'],
    [' Order.* ', 'Order.*'],
    ['Query.orders( customerId : )', 'Query.orders(customerId:)'],
    ['Query.orders( )', 'Query.orders()'],
    ['Query.orders(customerId:"c1")', 'Query.orders(customerId: "c1")'],
    ['Query.orders(customerId: ")")', 'Query.orders(customerId: ")")'],
    ['Query.orders(by: {a: [1,2], b: SMALL})', 'Query.orders(by: {a: [1, 2], b: SMALL})'],
  ])('is read: %s', (text, written) => {
    const rule = parseAccessRule(text)
    expect(rule && writeRule(rule)).toBe(written)
  })

  it.each([
    '',
    'orders',
    'Query.',
    '.orders',
    '*',
    '*.*',
    'Query.*.id',
    'Query.orders.id',
    'Query.ord ers',
    'Query.orders(',
    'Query.orders(1:)',
    'Query.orders(a:, b:)',
    'Query.orders(a: $v)',
    'Query.orders(a: "x" b: "y")',
    'Query.orders(a: "x)',
    '!Query.orders',
    'Query.orders(a: "\n")',
  ])('is not %j', (text) => {
    expect(parseAccessRule(text)).toBeNull()
  })

  it('that is long and means nothing is none', () => {
    for (const text of [
      `Query.orders(${' '.repeat(240)}`,
      `Query.orders(a:${' '.repeat(230)}x`,
      `Q.o(a:${'['.repeat(240)})`,
    ])
      expect(parseAccessRule(text)).toBeNull()
  })
})

describe('what rules come to', () => {
  it.each<[string, string[], string[], string[]]>([
    ['a field has all its arguments', ['Query.orders'], [], orders],
    ['a type has all its fields with all their arguments', ['Order.*'], [], order],
    [
      'an argument brings its field, and no other argument',
      ['Query.orders(first:)'],
      [],
      ['Query.orders', 'Query.orders(first:)'],
    ],
    [
      'a rule for an argument counts beside the field',
      ['Query.orders', 'Query.orders(first:)'],
      [],
      ['Query.orders', 'Query.orders(first:)'],
    ],
    ['and beside its type', ['Order.*', 'Order.lines()'], [], order.slice(0, 4)],
    ['empty brackets are no argument', ['Query.orders()'], [], ['Query.orders']],
    [
      'what is denied is not there',
      ['Order.*'],
      ['Order.internalNotes'],
      order.filter((one) => one !== 'Order.internalNotes'),
    ],
    ['a denied argument leaves the field', ['Query.orders'], ['Query.orders(ids:)'], orders.slice(0, 3)],
    ['a denied type leaves nothing of it', ['Order.*', 'Line.*'], ['Order.*'], ['Line.sku']],
    ['what is denied on an interface is denied behind it', ['Order.*', 'Node.*'], ['Node.id'], order.slice(1)],
    ['an interface that is denied whole takes its fields along', ['Order.*'], ['Node.*'], order.slice(1)],
    ['what is allowed on an interface is allowed there', ['Node.*'], [], ['Node.id']],
    ['a root type brings its own fields', ['Mutation.*'], [], ['Mutation.cancel', 'Mutation.cancel(id:)']],
    [
      'introspection is no field of a root type',
      ['Query.*', 'Query.__schema'],
      orders.slice(1),
      ['Query.me', 'Query.orders', 'Query.node', 'Query.node(id:)', 'Query.__schema'],
    ],
  ])('%s', (_, allow, deny, accepted) => {
    expect(listed(allow, deny).accepted).toEqual(accepted)
  })

  it('values are kept by their argument', () => {
    const access = listed(['Query.orders(customerId: "c1")', 'Query.orders(customerId: "c2")', 'Query.orders(first:)'])
    expect(access.constants).toEqual({ 'Query.orders(customerId:)': ['"c1"', '"c2"'] })
    expect(access.accepted).toEqual(['Query.orders', 'Query.orders(customerId:)', 'Query.orders(first:)'])
  })
})

describe('access as it is given', () => {
  const read = (access: object) => readAccess({ access }, {}, { graph })
  const faults = (access: object) => read(access).faults

  it('takes what is denied from either list, and each rule once', () => {
    const { part } = read({
      allow: ['Order.*', ' !Order.internalNotes', 'Order.*'],
      deny: ['Order.total', 'Order.internalNotes'],
    })
    expect(part?.access).toMatchObject({ allow: ['Order.*'], deny: ['Order.internalNotes', 'Order.total'] })
  })

  it.each<[string, object, string, RegExp]>([
    [
      'a field that is not there, and what is near',
      { allow: ['Query.oders'] },
      'allow',
      /does not have: Query\.oders \(it has Query\.orders/,
    ],
    [
      'a type that is not there, and what is near',
      { allow: ['Ordr.total'] },
      'allow',
      /Ordr\.total \(it has Order\.total/,
    ],
    ['a wildcard of a type that is not there', { allow: ['Ordr.*'] }, 'allow', /Ordr\.\* \(it has Order\.\*/],
    [
      'an argument that is not there',
      { allow: ['Query.orders(custmerId:)'] },
      'allow',
      /Query\.orders\(custmerId:\) \(it has Query\.orders\(customerId:\)/,
    ],
    ['something far from everything', { allow: ['Xyzzy.qwertz'] }, 'allow', /Xyzzy\.qwertz$/],
    ['a type without fields', { allow: ['ID.*'] }, 'allow', /ID\.\*/],
    ['a type of introspection', { allow: ['__Type.*'] }, 'allow', /__Type\.\*/],
    [
      'a field that every object has',
      { allow: ['Order.constructor', 'Order.__proto__'] },
      'allow',
      /constructor.*__proto__/,
    ],
    ['a value that does not fit', { allow: ['Query.orders(first: "many")'] }, 'allow', /cannot have/],
    ['a value that is null', { allow: ['Query.orders(customerId: null)'] }, 'allow', /cannot have/],
    [
      'what is longer than a rule',
      { allow: [`Query.orders(customerId: "${'x'.repeat(256)}")`] },
      'allow',
      /at most 256/,
    ],
    ['what is no rule', { allow: ['orders'] }, 'allow', /of a form such as/],
    ['a denial that is not there', { deny: ['Order.notes'] }, 'deny', /Order\.notes/],
    ['a denial within what is allowed', { allow: ['!Order.notes'] }, 'allow', /Order\.notes/],
    ['a value that is denied', { deny: ['Query.orders(customerId: "c1")'] }, 'deny', /denied whole/],
    ['a field without arguments that is denied', { deny: ['Query.orders()'] }, 'deny', /denied whole/],
  ])('names %s', (_, access, list, reason) => {
    expect(faults(access)).toEqual({ [`input.access.${list}`]: expect.stringMatching(reason) })
  })

  it('names everything that is wrong at once, and no more than ten of a list', () => {
    const many = Array.from({ length: 20 }, (_, at) => `Query.wrong${at}`)
    const { 'input.access.allow': allow, 'input.access.deny': deny } =
      faults({ allow: many, deny: ['Order.x', 'Order.y'] }) ?? {}
    expect(allow?.split('; ')).toHaveLength(10)
    expect(deny?.split('; ')).toHaveLength(2)
  })

  it('confines nothing by mistake: nothing is not everything', () => {
    for (const nothing of [{}, { allow: [] }, { deny: [] }, { allow: null, deny: [] }])
      expect(Object.keys(faults(nothing) ?? {})).toEqual(['input.access'])
    expect(read({ allow: [], deny: [] })).toEqual({ part: { access: undefined } })
    expect(readAccess({}, {}, { graph })).toEqual({})
  })

  it('has at most 200 rules a list, and comes to at most 1,000 fields and arguments', () => {
    expect(faults({ allow: Array(201).fill('Query.me') })).toHaveProperty(['input.access'])
    const wide = (fields: number) =>
      readPublicGraph(`type Query { ${Array.from({ length: fields }, (_, at) => `f${at}: Int`).join(' ')} }`)
    const wrong = { faults: { 'input.access': expect.stringContaining('1001') } }
    expect(readAccess({ access: { allow: ['Query.*'] } }, {}, { graph: wide(1_000) }).faults).toBeUndefined()
    expect(readAccess({ access: { allow: ['Query.*'] } }, {}, { graph: wide(1_001) })).toEqual(wrong)
    expect(readAccess({ access: { allow: ['Query.*'], deny: ['Query.f0'] } }, {}, { graph: wide(1_001) })).toEqual(
      wrong,
    )
  })
})

describe('operations that a key is bound to', () => {
  const hash = 'a'.repeat(64)
  it.each<[string, string[], object]>([
    ['are hashes', [hash, hash], { part: { operations: [hash] } }],
    ['are nothing else', [hash, 'A'.repeat(64)], { faults: { 'input.operations': expect.stringContaining('AAAA') } }],
    ['are one at least', [], { faults: { 'input.operations': expect.any(String) } }],
    ['are at most 200', Array(201).fill(hash), { faults: { 'input.operations': expect.any(String) } }],
  ])('%s', (_, operations, expected) => {
    expect(readOperations({ operations }, {})).toEqual(expected)
  })

  it('are taken back by an empty list', () => {
    expect(readOperations({ operations: [] }, { operations: [hash] })).toEqual({ part: { operations: undefined } })
  })
})

describe('when the schema changes', () => {
  const later = readPublicGraph(
    graphSdl
      .replace('total: Int', 'grandTotal: Int')
      .replace('first: Int = 10,', 'first: String, deleted: Boolean,')
      .replace('type Line { sku: String }', 'type Line { sku: String price: Int }'),
  ).schema
  const access = listed(['Order.*', 'Query.orders', 'Line.sku'], ['Order.internalNotes'])

  it('what is gone is stale, and what came waits', () => {
    expect(staleIn(access, schema)).toEqual([])
    expect(pendingIn(access, schema)).toEqual([])
    expect(staleIn(access, later)).toEqual(['Order.total'])
    expect(pendingIn(access, later)).toEqual(['Order.grandTotal', 'Query.orders(deleted:)'])
  })

  it('what was accepted waits no more, and what is gone is forgotten: should it come back, it waits again', () => {
    const after = accepting(access, ['Order.grandTotal'], later)
    expect(pendingIn(after, later)).toEqual(['Query.orders(deleted:)'])
    expect(staleIn(after, later)).toEqual([])
    expect(pendingIn(after, schema)).toEqual(['Order.total'])
  })

  it('rules whose places are gone are stale themselves', () => {
    const gone = readPublicGraph('type Query { me: User orders(first: Int): [User] } type User { id: ID }').schema
    const list = listed(
      ['Line.*', 'Order.total', 'Query.orders(customerId: "c1")', 'User.keys'],
      ['Order.internalNotes'],
    )
    expect(staleIn(list, gone)).toEqual([
      'Line.*',
      'Order.total',
      'Query.orders(customerId:)',
      'User.keys',
      'Order.internalNotes',
      'Line.sku',
    ])
  })

  it('an argument that its value no longer fits is stale, and the value is not told', () => {
    expect(staleIn(listed(['Query.orders(first: 5)']), later)).toEqual(['Query.orders(first:)'])
  })

  it('a list that only denies waits for nothing', () => {
    const denying = listed([], ['Order.internalNotes'])
    expect([pendingIn(denying, later), staleIn(denying, later)]).toEqual([[], []])
    expect(staleIn(denying, readPublicGraph('type Query { a: Int }').schema)).toEqual(['Order.internalNotes'])
  })
})
