import { anonymous } from '@latchkey/principal'
import { expect, it } from 'vitest'
import { parseRequestBody, writeRequestBody } from './wire.ts'

const request = { query: '{ a }', variables: { x: 1 }, operationName: 'A', principal: anonymous, requestId: 'req_1' }
const event = { accountId: 'usr_ada', facts: { id: 'n1', times: 2 } }

it('a request arrives as it was written, and its event with it', () => {
  const { query, variables, operationName } = request
  expect(parseRequestBody(writeRequestBody(request))).toEqual({ query, variables, operationName })
  expect(parseRequestBody(writeRequestBody({ ...request, event }))).toEqual({ query, variables, operationName, event })
})

it.each([
  ['is no object', 'x'],
  ['is of no account', { facts: {} }],
  ['has no facts', { accountId: 'usr_ada' }],
  ['has facts that are no words', { accountId: 'usr_ada', facts: { a: { b: 1 } } }],
  ['is null', null],
])('an event that %s makes it no request', (_what, wrong) => {
  expect(parseRequestBody(JSON.stringify({ query: '{ a }', extensions: { event: wrong } }))).toBeNull()
})

it('other extensions are nothing to it', () => {
  expect(parseRequestBody('{"query":"{ a }","extensions":{"other":1}}')).toMatchObject({ query: '{ a }' })
})
