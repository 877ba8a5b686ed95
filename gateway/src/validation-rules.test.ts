import { buildSchema, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { validationRules } from './validation-rules.ts'

const schema = buildSchema(`
  type Query { account(secretId: ID!): Account, accounts(kind: AccountKind): [Account] }
  type Account { balance: Int, owner: Person }
  type Person { name: String }
  enum AccountKind { PRIVATE_BANKING }
  input Unasked { field: Int }
`)
const refusalsOf = (query: string, details: 'open' | 'closed', introspection: 'off' | 'open' = 'open') =>
  validate(schema, parse(query), validationRules(details, introspection)).map(({ message, locations }) => ({
    message,
    locations,
  }))

const wrong: readonly [what: string, query: string, named: string][] = [
  ['a field that is not there', '{ acount { balance } }', 'acount'],
  ['a field that lacks its selection', '{ accounts }', 'accounts'],
  ['a leaf with a selection', '{ accounts { balance { x } } }', 'balance'],
  ['an argument that is not there', '{ accounts(k: 1) { balance } }', 'k'],
  ['an argument that is missing', '{ account { balance } }', 'account'],
  ['a type that is not there', '{ accounts { ... on Acount { balance } } }', 'Acount'],
  ['a type that is elsewhere', '{ accounts { ... on Person { name } } }', ''],
  ['a value of another type', '{ accounts(kind: PRIVATE) { balance } }', ''],
  ['a variable of another type', 'query ($kind: Int) { accounts(kind: $kind) { balance } }', ''],
  ['a directive that is not there', '{ accounts @hide { balance } }', 'hide'],
  ['two fields that cannot be merged', '{ x: account(secretId: 1) { balance } x: accounts { balance } }', ''],
]

describe('a refusal', () => {
  it.each(wrong)('of %s tells no name that was not asked for', (_, query, named) => {
    const asked = new Set(query.match(/\w+/g))
    const [first] = refusalsOf(query, 'closed')
    expect(first?.message).toMatch(
      named ? new RegExp(`^"${named}" does not fit the schema\\.$`) : /does not fit the schema\.$/,
    )
    const words = (first?.message ?? '').match(/\w+/g)?.filter((word) => !'This does not fit the schema'.includes(word))
    expect(words?.filter((word) => !asked.has(word))).toEqual([])
  })

  it('reads the same for a field that is not there and for one that lacks its selection', () => {
    const [unknown] = refusalsOf('{ accountz }', 'closed')
    const [known] = refusalsOf('{ accounts }', 'closed')
    expect(known?.message.replace('accounts', 'accountz')).toBe(unknown?.message)
  })

  it('tells of a field once, however much it lacks', () => {
    expect(refusalsOf('{ account }', 'open')).toHaveLength(2)
    expect(refusalsOf('{ account }', 'closed')).toHaveLength(1)
  })

  it('points at the field, whatever is wrong with its selection', () => {
    for (const query of ['{ accountz { x } }', '{ accounts }', '{ accounts { balance { x } } }'])
      expect(refusalsOf(query, 'closed')[0]?.locations).toEqual([
        { line: 1, column: query.includes('balance') ? 14 : 3 },
      ])
  })

  it.each(wrong)('of %s helps whoever develops', (_, query) => {
    expect(refusalsOf(query, 'open')[0]?.message).not.toContain('does not fit the schema')
  })

  it('that has nothing to do with the schema says what is wrong', () => {
    expect(refusalsOf('{ accounts { ...F } }', 'closed')[0]?.message).toBe('Unknown fragment "F".')
    expect(refusalsOf('{ __schema { types { name } } }', 'closed', 'off')[0]?.message).toContain('introspection')
    expect(refusalsOf('{ accounts { balance } }', 'closed')).toEqual([])
  })
})

describe('a refusal of a value says what is wrong with it and where, and not what it is', () => {
  it.each([
    ['{ account(secretId: { a: "hunter2" }) { balance } }', 'ID cannot represent a non-string and non-integer value'],
    ['{ account(secretId: hunter2) { balance } }', 'ID cannot represent a non-string and non-integer value'],
    ['{ accounts(kind: "hunter2") { balance } }', 'Enum "AccountKind" cannot represent non-enum value'],
  ])('%s', (query, told) => {
    const [refusal] = refusalsOf(query, 'open')
    expect(refusal?.message).toContain(told)
    expect(refusal?.message).not.toContain('hunter2')
    expect(refusal?.locations).toHaveLength(1)
  })

  it('but names a choice that there is not', () => {
    const [refusal] = refusalsOf('{ accounts(kind: PRIVATE_BANK) { balance } }', 'open')
    expect(refusal?.message).toMatch(/"PRIVATE_BANK" does not exist .* "PRIVATE_BANKING"/)
  })
})
