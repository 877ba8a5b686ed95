import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { sensitivePlaces, unmarkedSecrets } from './sensitive.ts'

const schema = (text: string) => parse(`directive @sensitive on ARGUMENT_DEFINITION ${text}`)

describe('a text with the name of a secret', () => {
  it.each([
    ['a field', 'type SignedIn { accessToken: String! }', 'SignedIn.accessToken'],
    ['an input field', 'input SignInInput { newPassword: String }', 'SignInInput.newPassword'],
    ['an argument', 'type Mutation { check(token: ID!): Boolean }', 'Mutation.check(token:)'],
    ['an extension', 'extend type A { recoveryCodes: [String!]! }', 'A.recoveryCodes'],
  ])('is named when it is %s without the mark', (_, text, coordinate) => {
    expect(unmarkedSecrets(schema(text))).toEqual([coordinate])
  })

  it('is known once it is marked', () => {
    const marked = schema('input I { secret: String! @sensitive } type Q { a(code: String @sensitive): Int }')
    expect(unmarkedSecrets(marked)).toEqual([])
    expect(sensitivePlaces(marked)).toEqual(['I.secret', 'Q.a(code:)'])
  })
})

it('what is no text is no secret: counts, choices, answers', () => {
  const text = 'type A { code: Refusal recoveryCodesLeft: Int isCode: Boolean token: Token } enum Refusal { ONE }'
  expect(unmarkedSecrets(schema(text))).toEqual([])
})
