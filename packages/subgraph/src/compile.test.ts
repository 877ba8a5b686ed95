import { buildSchema, type GraphQLSchema, Kind, type OperationDefinitionNode, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createCompiler } from './compile.ts'

const schema = buildSchema(`
  scalar Json
  input Filter { word: String tags: [String!] json: Json }
  interface Node { id: ID! next: Node }
  type A implements Node { id: ID! next: Node }
  type B implements Node { id: ID! next: Node }
  type C implements Node { id: ID! next: Node }
  type Query { echo(text: String, filter: Filter, json: Json): String node: Node }
  type Mutation { go: Int }
`)

function compileOf(source: string, of: GraphQLSchema = schema) {
  const document = parse(source)
  expect(validate(of, document)).toEqual([])
  const isOperation = (node: { kind: string }): node is OperationDefinitionNode =>
    node.kind === Kind.OPERATION_DEFINITION
  const operation = document.definitions.find(isOperation)
  if (!operation) throw new Error('no operation')
  return createCompiler(of)(document, operation)
}

const mark = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d'
const attack = `${mark}(globalThis.taken = true)`

describe('compiling', () => {
  it('compiles an ordinary query', () => {
    expect(compileOf('{ echo(text: "a", filter: { word: "b", tags: ["c"] }) node { id } }')).toBeTypeOf('function')
  })

  it.each([
    ['in an argument', `{ echo(text: "${attack}") }`],
    ['with an escape', `{ echo(text: "${attack.replace('MAGIC', 'M\\u0041GIC')}") }`],
    ['in a block', `{ echo(text: """${attack}""") }`],
    ['within a list', `{ echo(filter: { tags: ["${attack}"] }) }`],
    ['as the default of a variable', `query ($text: String = "${attack}") { echo(text: $text) }`],
  ])('leaves a text that would become code to graphql-js: %s', (_where, source) => {
    expect(compileOf(source)).toBeNull()
    expect(globalThis).not.toHaveProperty('taken')
  })

  it('leaves a variable that must not be null and has a default to graphql-js, which lets it be left out', () => {
    expect(compileOf('query ($text: String! = "a") { echo(text: $text) }')).toBeNull()
    expect(compileOf('query ($text: String = "a") { echo(text: $text) }')).toBeTypeOf('function')
  })

  it('would have run that text (or this guard is no longer needed)', async () => {
    const { compileQuery } = await import('graphql-jit')
    const compiled = compileQuery(schema, parse(`{ echo(text: "${mark}(globalThis.proof = true)") }`))
    if ('query' in compiled) await compiled.query({ echo: () => 'x' }, {}, {})
    expect(globalThis).toHaveProperty('proof', true)
  })

  it.each([
    ['a text', '{ echo(json: "a") }'],
    ['a name', `{ echo(json: ${mark}) }`],
    ['an object', '{ echo(filter: { json: { a: "b" } }) }'],
  ])('does not write down what a custom scalar makes of %s', (_what, source) => {
    expect(compileOf(source)).toBeNull()
  })

  it('lets variables carry any of it', () => {
    expect(compileOf('query ($text: String, $json: Json) { echo(text: $text, json: $json) }')).toBeTypeOf('function')
  })

  it('does not name a property __proto__', () => {
    expect(compileOf('{ __proto__: echo }')).toBeNull()
  })

  it('leaves mutations to graphql-js', () => {
    expect(compileOf('mutation { go }')).toBeNull()
  })

  it('does not compile what would be written out without end', () => {
    const deep = (levels: number): string => (levels ? `next { ${deep(levels - 1)} }` : 'id')
    expect(compileOf(`{ node { ${deep(3)} } }`)).toBeTypeOf('function')
    expect(compileOf(`{ node { ${deep(200)} } }`)).toBeNull()
    const fragments = Array.from(
      { length: 60 },
      (_, n) => `fragment F${n} on Node { a: next { ...F${n + 1} } b: next { ...F${n + 1} } }`,
    )
    expect(compileOf(`{ node { ...F0 } } ${fragments.join(' ')} fragment F60 on Node { id }`)).toBeNull()
  })

  it('compiles nothing for a schema in which two fields would share a resolver', () => {
    const confusable = buildSchema('type Query { key: Key keys: Keys } type Key { sid: ID } type Keys { id: ID }')
    expect(compileOf('{ key { sid } }', confusable)).toBeNull()
  })
})
