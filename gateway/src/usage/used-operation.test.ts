import { Kind, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createUsedOperation } from './used-operation.ts'

function idOf(text: string, name?: string, coordinates: readonly string[] = ['Query.a']): string {
  const document = parse(text)
  const operation = document.definitions.find(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.name?.value === name,
  )
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no such operation')
  return createUsedOperation(document, operation, coordinates)().id
}

describe('what an operation is called in usage', () => {
  it('is its name and sixteen hexadecimal digits', () => {
    expect(idOf('query Dash { a }', 'Dash')).toMatch(/^Dash#[0-9a-f]{16}$/)
    expect(idOf('{ a }')).toMatch(/^anonymous#[0-9a-f]{16}$/)
    expect(idOf(`query ${'N'.repeat(1_000)} { a }`, 'N'.repeat(1_000)).length).toBe(64 + 17)
  })

  it('is the same whatever was filled in, however it is spaced, and whatever answers are called', () => {
    const one = idOf('{ a(id: "ada@example.com", n: 1, list: [1], by: {x: 1}) @skip(if: true) { b } }')
    expect(idOf('{ x: a(id: "eve", n: 2.5,\n list: [], by: {y: "z"}) @skip(if: false) { y: b } }')).toBe(one)
    expect(idOf('{ a(id: $id, n: 1, list: [1], by: {x: 1}) @skip(if: true) { b } }')).not.toBe(one)
  })

  it('is another one for another selection, a sibling, or a schema in which it touches something else', () => {
    const both = 'query A { a } query B { a b }'
    expect(idOf(both, 'A').slice(1)).not.toBe(idOf(both, 'B').slice(1))
    expect(idOf(both, 'A')).toBe(idOf('query A { a }', 'A'))
    expect(idOf('{ a }', undefined, ['Query.a', 'I.a'])).not.toBe(idOf('{ a }'))
  })
})
