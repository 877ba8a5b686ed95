import { GraphQLError, Source } from 'graphql'
import { describe, expect, it } from 'vitest'
import { oneErrorPerNull } from './one-error-per-null.ts'

const source = new Source('0123456789')
const at = (position: number, ...path: (string | number)[]) =>
  new GraphQLError(path.join('.'), { path, source, positions: [position] })
const told = (data: Record<string, unknown> | null, ...errors: GraphQLError[]) =>
  oneErrorPerNull({ data, errors })?.map(({ message }) => message)

describe('the errors of an answer', () => {
  it('are one for each null, in the order of the document', () => {
    const data = { notes: [null, { a: null, b: null }] }
    const errors = [at(5, 'notes', 1, 'b'), at(3, 'notes', 0, 'b'), at(2, 'notes', 1, 'a'), at(1, 'notes', 0, 'a')]
    expect(told(data, ...errors)).toEqual(['notes.0.a', 'notes.1.a', 'notes.1.b'])
  })

  it('follow the places in a list when the field is the same', () => {
    const data = { notes: [null, null, null] }
    expect(told(data, at(1, 'notes', 2, 'a'), at(1, 'notes', 0, 'a'), at(1, 'notes', 1, 'a'))).toEqual([
      'notes.0.a',
      'notes.1.a',
      'notes.2.a',
    ])
  })

  it('are one when nothing is left of the data', () => {
    expect(told(null, at(2, 'b'), at(1, 'a'))).toEqual(['a'])
  })

  it('without a path are all told', () => {
    expect(told(null, new GraphQLError('one'), new GraphQLError('two'))).toEqual(['one', 'two'])
  })

  it('may be none', () => {
    expect(oneErrorPerNull({ data: {} })).toBeUndefined()
  })
})
