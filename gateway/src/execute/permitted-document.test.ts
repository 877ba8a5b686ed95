import { Problem } from '@latchkey/problem'
import { buildSchema, Kind, type OperationDefinitionNode, parse, print, stripIgnoredCharacters } from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Withheld } from '../withheld.ts'
import { fragmentsOf } from './collect-fields.ts'
import { withoutWithheld } from './permitted-document.ts'
import { createVariants } from './variants.ts'

const schema = buildSchema(`type Query { node: Node any: Any a: A }
  interface Node { next: Node size: Int }
  type A implements Node { next: A size: Int own: Int } type B implements Node { next: Node size: Int } type C implements Node { next: Node size: Int }
  union Any = A | B`)

const withholding = (...coordinates: readonly string[]): Withheld => ({
  key: coordinates.join(),
  reasonFor: (coordinate) => (coordinates.includes(coordinate) ? new Problem('FORBIDDEN') : undefined),
})

function left(query: string, ...coordinates: readonly string[]): string {
  const document = parse(query)
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)
  const terms = { schema, fragments: fragmentsOf(document), withheld: withholding(...coordinates) }
  return stripIgnoredCharacters(print(withoutWithheld(operation as OperationDefinitionNode, terms)))
}

describe('an operation without what is withheld', () => {
  it.each([
    ['loses a field of an object', '{a{size own}}', ['A.own'], '{a{size}}'],
    ['loses it in fragments', '{a{...F size}}fragment F on A{own}', ['A.own'], '{a{size}}'],
    ['keeps what a condition decides', '{a{size@skip(if:true)own}}', ['A.own'], '{a{size@skip(if:true)}}'],
    [
      'asks of an interface only the types that may be asked',
      '{node{size}}',
      ['Node.size', 'C.size'],
      '{node{__typename ...on A{size}...on B{size}}}',
    ],
    [
      'asks each type what is its own below it',
      '{node{next{...on C{size}size}}}',
      ['Node.next', 'C.next'],
      '{node{__typename ...on A{next{size}}...on B{next{__typename ...on C{size}size}}}}',
    ],
    [
      'knows which type it got from a union',
      '{any{...on A{own}...on B{size}}}',
      ['A.own'],
      '{any{__typename ...on B{size}}}',
    ],
    ['is nothing when all of it is withheld', '{a{own}node{size}}', ['Query.a', 'Query.node'], ''],
  ])('%s', (_, query, coordinates, expected) => {
    expect(left(query, ...coordinates)).toBe(expected)
  })

  it('is refused when asking each type of an interface by itself makes too much of it', () => {
    const deep = (levels: number): string => (levels === 0 ? 'size' : `next { ${deep(levels - 1)} }`)
    const some = ['Node.next', 'C.next']
    expect(left(`{ node { ${deep(6)} } }`, ...some)).toContain('on B')
    const withMany = buildSchema(
      `type Query { node: Node } interface Node { next: Node size: Int } ${Array.from({ length: 8 }, (_each, at) => `type T${at} implements Node { next: Node size: Int }`).join(' ')}`,
    )
    const [operation] = parse(`{ node { ${deep(11)} } }`).definitions
    const terms = { schema: withMany, fragments: new Map(), withheld: withholding('Node.next', 'T0.next') }
    expect(() => withoutWithheld(operation as OperationDefinitionNode, terms)).toThrow(
      expect.objectContaining({ code: 'OPERATION_TOO_COSTLY' }),
    )
  })

  it('is compiled apart from the whole, within the same bounds, and for nobody in advance', async () => {
    const variants = createVariants({ entriesMax: 3 })
    const compiled: string[] = []
    const of = variants.keeping(async (combination, { key }) => {
      compiled.push(`${combination}/${key}`)
      return { fetch: undefined, projection: { fields: [] }, weight: 1 }
    })
    for (const withheld of [withholding('A.own'), withholding('A.own'), withholding('B.size')])
      await of.take('1', withheld)
    await of.take('1')
    expect(compiled).toEqual(['1/A.own', '1/B.size', '1/'])
    expect(of.combinations()).toEqual(['1'])
    for (let caller = 0; caller < 50; caller++) await of.take('1', withholding(`A.f${caller}`))
    expect(variants.size).toBeLessThanOrEqual(3)
  })
})
