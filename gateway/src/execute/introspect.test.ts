import { buildSchema, type FieldNode, Kind, parse } from 'graphql'
import { expect, it } from 'vitest'
import { compileIntrospection } from './introspect.ts'

it('answers with what is seen, though the operation names types for its variables that are not', () => {
  const schema = buildSchema('type Query { a(by: By): Int } input By { x: Int }')
  const view = buildSchema('type Query { b: Int }')
  const [operation] = parse('query ($by: By, $n: String!) { a(by: $by) __type(name: $n) { name } }').definitions
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation')
  const nodes = operation.selectionSet.selections.slice(1) as FieldNode[] // as written above
  const introspect = compileIntrospection(nodes, { schema, operation, fragments: new Map() })
  expect(introspect({ by: { x: 1 }, n: 'By' })).toEqual({ value: { name: 'By' }, errors: [] })
  expect(introspect({ by: { x: 1 }, n: 'By' }, view)).toEqual({ value: null, errors: [] })
})
