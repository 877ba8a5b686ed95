import { buildSchema, type GraphQLInputType, isInputType, parseType, typeFromAST } from 'graphql'
import { expect, it } from 'vitest'
import { fitsArgument, judgeOneOf } from './argument-values.ts'

const schema = buildSchema(`
  type Query { a: Int }
  scalar Any
  enum Size { SMALL LARGE }
  input By { customer: ID, sizes: [Size!], limit: Int = 5 }
`)

function typeOf(text: string): GraphQLInputType {
  const type = typeFromAST(schema, parseType(text) as never)
  if (!isInputType(type)) throw new Error(text)
  return type
}

it.each<[string, string[], unknown, boolean]>([
  ['ID!', ['"c1"'], 'c1', true],
  ['ID', ['"c1"'], 'c2', false],
  ['ID', ['1'], '1', true],
  ['ID', ['"c1"'], null, false],
  ['ID', ['"c1"'], undefined, false],
  ['ID', ['"c1"', '"c2"'], 'c2', true],
  ['String', ['"c1"'], 'C1', false],
  ['Boolean', ['true'], true, true],
  ['Boolean', ['true'], 'true', false],
  ['Size', ['SMALL'], 'SMALL', true],
  ['Size', ['SMALL'], 'LARGE', false],
  ['[ID!]', ['"c1"', '"c2"'], ['c2', 'c1', 'c2'], true],
  ['[ID!]', ['"c1"', '"c2"'], ['c1', 'c3'], false],
  ['[ID!]', ['"c1"'], [], false],
  ['[ID]', ['"c1"'], ['c1', null], false],
  ['[ID!]', ['["c1", "c2"]'], ['c1', 'c2'], true],
  ['[ID!]', ['["c1", "c2"]'], ['c1'], false],
  ['[ID!]', ['["c1", "c2"]'], ['c2', 'c1'], false],
  ['[[ID!]!]', ['"c1"'], [['c1'], ['c1', 'c1']], true],
  ['[[ID!]!]', ['"c1"'], [['c1'], ['c2']], false],
  ['By', ['{ customer: "c1" }'], { customer: 'c1', limit: 5 }, true],
  ['By', ['{ customer: "c1" }'], { customer: 'c1', limit: 6 }, false],
  ['By', ['{ customer: "c1" }'], { customer: 'c1', sizes: ['SMALL'], limit: 5 }, false],
  ['By', ['{ sizes: [SMALL] }'], { sizes: ['SMALL'], limit: 5 }, true],
  ['By', ['{ sizes: [SMALL] }'], { sizes: { 0: 'SMALL' }, limit: 5 }, false],
  ['By', ['{ colour: 3 }'], { limit: 5 }, false],
  ['By', ['{ sizes: ["SMALL"] }'], { sizes: ['SMALL'], limit: 5 }, false],
  ['ID', ['12345678901234567890'], '12345678901234567890', true],
  ['ID', ['12345678901234567890'], '12345678901234567891', false],
  ['Any', ['{ a: [1, { b: null }] }'], { a: [1, { b: null }] }, true],
  ['Any', ['{ a: [1, { b: null }] }'], { a: [1, { c: null }] }, false],
  ['Any', ['{ hasOwn: 1 }'], { toString: 1 }, false],
])('of %s confined to %s, %j is %s', (type, written, value, expected) => {
  expect(judgeOneOf(typeOf(type), written)(value)).toBe(expected)
})

it.each<[string, string, boolean]>([
  ['ID!', '"c1"', true],
  ['ID!', '1.5', false],
  ['ID', 'null', false],
  ['[ID!]!', '"c1"', true],
  ['[ID!]!', '["c1"]', true],
  ['[ID!]!', '[null]', false],
  ['Int', '"1"', false],
  ['Size', 'HUGE', false],
  ['By', '{ limit: 3 }', true],
  ['By', '{ colour: 3 }', false],
])('an argument of %s can be %s: %s', (type, written, expected) => {
  expect(fitsArgument(typeOf(type), written)).toBe(expected)
})
