import { buildSchema, Kind, type OperationDefinitionNode, parse, print, stripIgnoredCharacters, visit } from 'graphql'
import { describe, expect, it } from 'vitest'
import { fragmentsOf } from './collect-fields.ts'
import { keyAtPlace, typesApart } from './types-apart.ts'

const schema = buildSchema(`type Query { node: Node any: Any a: A }
  interface Node { next: Node size: Int }
  type A implements Node { next: A size: Int own: Int } type B implements Node { next: Node size: Int } type C implements Node { next: Node size: Int }
  union Any = A | B`)

function apart(query: string, conditions: (name: string) => boolean = () => true): OperationDefinitionNode {
  const document = parse(query)
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)
  return typesApart(operation as OperationDefinitionNode, { schema, fragments: fragmentsOf(document), conditions })
}

/** Under the keys of their places. */
function written(query: string, conditions?: (name: string) => boolean): string {
  const shown = visit(apart(query, conditions), {
    Field(node) {
      const key = keyAtPlace(node, node.alias?.value ?? node.name.value)
      return key === node.name.value ? undefined : { ...node, alias: { kind: Kind.NAME, value: key } }
    },
  })
  return stripIgnoredCharacters(print(shown))
}

describe('what objects of different types are asked', () => {
  it.each([
    [
      'of types that exclude each other',
      '{any{...on A{next{own}}...on B{next{size}}}}',
      '{any{...on A{next{own}}...on B{_type_1_next:next{size}}}}',
    ],
    [
      'of one type besides what all are asked',
      '{node{next{size}...on B{next{next{size}}}}}',
      '{node{...on A{next{size}}...on C{next{size}}...on B{_type_1_next:next{size}}...on B{_type_1_next:next{next{size}}}}}',
    ],
    [
      'in fragments',
      '{node{...F}}fragment F on Node{...on A{next{own}}...on B{...G}}fragment G on Node{next{size}}',
      '{node{...on Node{...on A{next{own}}...on B{...on Node{_type_1_next:next{size}}}}}}',
    ],
    [
      'within what is apart already',
      '{node{...on A{next{own}}...on B{next{...on A{next{own}}...on C{next{size}}}}}}',
      '{node{...on A{next{own}}...on B{_type_1_next:next{...on A{next{own}}...on C{_type_1_next:next{size}}}}}}',
    ],
  ])('is apart: %s', (_, query, expected) => expect(written(query)).toBe(expected))

  it.each([
    ['it is the same', '{any{...on A{next{size}}...on B{next{size}}}}'],
    ['it is a leaf', '{any{...on A{size}...on B{size}}}'],
    ['it has another key', '{any{...on A{x:next{own}}...on B{y:next{size}}}}'],
    ['there is one type', '{a{next{size}...on A{next{own}}...on Node{next{next{size}}}}}'],
    ['the other type is not asked at all', '{node{...on A{next{own}}...on B{size}}}'],
    ['a condition leaves one', 'query($c:Boolean!){any{...on A@skip(if:$c){next{own}}...on B{next{size}}}}'],
  ])('is not apart where %s', (_, query) => {
    const document = parse(query)
    const [operation] = document.definitions
    const terms = { schema, fragments: fragmentsOf(document), conditions: () => true }
    expect(typesApart(operation as OperationDefinitionNode, terms)).toBe(operation)
  })

  it('is apart again where a condition lets it stand', () =>
    expect(
      written('query($c:Boolean!){any{...on A@skip(if:$c){next{own}}...on B{next{size}}}}', () => false),
    ).toContain('_type_1_next'))

  it('is bounded: a fragment within itself, so to speak, is no way to make much of little', () => {
    const depth = 40
    const fragments = Array.from(
      { length: depth },
      (_, at) => `fragment F${at} on Node{next{...F${at + 1}}...on A{next{own}}...on B{next{size}}}`,
    )
    const deep = `{node{...F0}}${fragments.join('')}fragment F${depth} on Node{size}`
    expect(() => apart(deep)).toThrow(expect.objectContaining({ code: 'OPERATION_TOO_COSTLY' }))
  })
})
