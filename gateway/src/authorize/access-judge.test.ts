import { clockAt } from '@latchkey/clock/testing'
import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { expect, it } from 'vitest'
import { composeSupergraph } from '../compose/compose.ts'
import { createAccessJudge } from './access-judge.ts'

const sdl = /* GraphQL */ `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated", "@requiresScopes", "@inaccessible", "@composeDirective"])
    @link(url: "https://latchkey.dev/requiresAssurance/v1.0", import: ["@requiresAssurance"])
    @composeDirective(name: "@requiresAssurance")
  directive @requiresAssurance(level: AssuranceLevel! = AAL1, maxAge: Int) repeatable on FIELD_DEFINITION
  enum AssuranceLevel { AAL1 AAL2 }
  type Query { open: Int, mine: Thing @authenticated, hidden: Int @inaccessible }
  type Mutation { change: Int @requiresAssurance(level: AAL2) }
  type Thing { word: String @requiresScopes(scopes: [["things:read"]]) }
`
const composition = composeSupergraph({ subgraphs: [{ name: 'a', url: 'http://a.test', file: 'a.graphql', sdl }] })
if ('errors' in composition) throw new Error(composition.errors.join('\n'))
const { judge, schema } = createAccessJudge(composition.sdl, clockAt('2030-06-01T00:00:00Z'))

it.each<[string, Principal, string]>([
  ['{ open }', anonymous, 'ok'],
  ['{ mine { word } }', anonymous, 'UNAUTHENTICATED'],
  ['{ mine { word } }', aUser(), 'FORBIDDEN'],
  ['{ mine { word } }', anApiKey({ scopes: ['things:read'] }), 'ok'],
  ['mutation { change }', aUser(), 'STEP_UP_REQUIRED'],
  ['mutation { change }', aUser({ acr: 'aal2' }), 'ok'],
  ['mutation { change }', aUser({ acr: 'aal2', act: { sub: 'usr_staff', write: false } }), 'FORBIDDEN'],
])('says of %s what the gateway would', (query, principal, expected) => {
  const verdict = judge(query, principal)
  expect(verdict instanceof Problem ? verdict.code : 'ok').toBe(expected)
})

it('sees what a client sees, and throws at what is not a question', () => {
  expect(Object.keys(schema.getQueryType()?.getFields() ?? {})).toEqual(['open', 'mine'])
  expect(() => judge('{ hidden }', aUser())).toThrow(AggregateError)
})
