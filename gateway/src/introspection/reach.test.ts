import {
  buildClientSchema,
  buildSchema,
  type GraphQLSchema,
  introspectionFromSchema,
  isInterfaceType,
  isObjectType,
  printSchema,
  validateSchema,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { drawSchema } from './draw.ts'
import { type MayAsk, reachOf } from './reach.ts'

const schema = buildSchema(/* GraphQL */ `
  directive @paint(with: Color) on FIELD
  type Query { me: Person, search(kind: Kind, text: String!): [Found!]!, node(id: ID!): Node, odd: Odd }
  type Mutation { write(input: Writing!): Written }
  type Subscription { written: Written }
  interface Node { id: ID!, label: String }
  interface Named implements Node { id: ID!, label: String, name: String }
  type Person implements Node & Named { id: ID!, label: String, name: String, friend: Person, vault: Vault }
  type Vault implements Node { id: ID!, label: String, code: Code, odd: Odd }
  type Odd { vault: Vault, next: Odd }
  type Written { note: Note }
  type Note { text: String, by: Named }
  union Found = Person | Note
  enum Kind { PERSON NOTE }
  enum Color { RED }
  scalar Code
  input Writing { text: String!, at: Place }
  input Place { line: Int, kind: Kind }
`)

const all: MayAsk = () => true
const without =
  (...closed: string[]): MayAsk =>
  (type, field, argument) =>
    !closed.includes(argument === undefined ? `${type}.${field}` : `${type}.${field}(${argument}:)`)
const seen = (mayAsk: MayAsk) => drawSchema(schema, reachOf(schema, mayAsk))
const namesIn = (view: GraphQLSchema) =>
  Object.keys(view.getTypeMap())
    .filter((name) => !name.startsWith('__'))
    .sort()
const goneIn = (view: GraphQLSchema) => namesIn(schema).filter((name) => !view.getType(name) && name !== 'Int')
const fieldsOf = (view: GraphQLSchema, name: string): readonly string[] => {
  const type = view.getType(name)
  return isObjectType(type) || isInterfaceType(type) ? Object.keys(type.getFields()) : []
}

describe('what is seen of a schema', () => {
  it('is all of it by whoever may ask all of it', () => {
    expect(printSchema(seen(all))).toBe(printSchema(schema))
  })

  it.each<[what: string, closed: string[], gone: string[]]>([
    [
      'a type that nothing leads to, and what only its fields and arguments name',
      ['Mutation.write'],
      ['Mutation', 'Place', 'Writing'],
    ],
    ['a leaf that no field answers with', ['Vault.code'], ['Code']],
    [
      'an object without a field',
      ['Note.text', 'Note.by'],
      ['Mutation', 'Named', 'Note', 'Place', 'Subscription', 'Writing', 'Written'],
    ],
    ['an interface of which nothing may be asked', ['Node.id', 'Node.label'], ['Node']],
  ])('lacks %s', (_, closed, gone) => {
    expect(goneIn(seen(without(...closed)))).toEqual(gone)
  })

  it('keeps a union with whoever is left of it', () => {
    const view = seen(without('Person.id', 'Person.label', 'Person.name', 'Person.friend', 'Person.vault'))
    expect(printSchema(view)).toContain('union Found = Note\n')
    expect(fieldsOf(view, 'Query')).not.toContain('me')
  })

  it('lacks an argument that may not be given, and a field that cannot be asked without it', () => {
    const view = seen(without('Query.search(kind:)', 'Query.node(id:)'))
    expect(printSchema(view)).toContain('search(text: String!)')
    expect(fieldsOf(view, 'Query')).not.toContain('node')
  })

  it('lacks of an interface what not every type behind it has that is left', () => {
    const view = seen(without('Vault.label'))
    expect(fieldsOf(view, 'Node')).toEqual(['id'])
    expect(fieldsOf(view, 'Person')).toContain('label')
  })

  it('keeps the types that directives take', () => {
    expect(namesIn(seen(without('Query.search')))).toContain('Color')
  })
})

/** The same numbers every time. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

it('is a schema of its own whatever is closed, and shows nothing that is closed', () => {
  const random = createRandom(7)
  let drawn = 0
  for (let round = 0; round < 80; round++) {
    const share = random()
    const closed = new Map<string, boolean>()
    const mayAsk: MayAsk = (...place) => {
      const known = closed.get(place.join()) ?? random() < share
      closed.set(place.join(), known)
      return !known
    }
    const reach = reachOf(schema, mayAsk)
    if (!reach.has('Query')) continue
    drawn += 1
    const view = drawSchema(schema, reach)
    expect(validateSchema(view)).toEqual([])
    const told = buildClientSchema(introspectionFromSchema(view))
    expect(validateSchema(told)).toEqual([])
    expect(printSchema(told)).toBe(printSchema(view))
    for (const name of namesIn(view))
      for (const field of fieldsOf(view, name)) expect(mayAsk(name, field), `${name}.${field}`).toBe(true)
  }
  expect(drawn).toBeGreaterThan(40)
})
