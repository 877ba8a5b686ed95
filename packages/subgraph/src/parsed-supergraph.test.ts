import { print } from 'graphql'
import { expect, it } from 'vitest'
import { parsedSupergraph } from './parsed-supergraph.ts'

const graphOf = (field: string) => `type Query { ${field}: Int }`

it('one text is one document for all who read it at the same time, and another text another', () => {
  const document = parsedSupergraph(graphOf('a'))
  expect(parsedSupergraph(graphOf('a'))).toBe(document)
  expect(print(parsedSupergraph(graphOf('b')))).toContain('b: Int')
  expect(print(document)).toContain('a: Int')
})

it('what has no syntax is refused each time', () => {
  for (const _ of [1, 2]) expect(() => parsedSupergraph('type {')).toThrow('Syntax Error')
})
