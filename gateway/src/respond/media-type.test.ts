import { expect, it } from 'vitest'
import { createNegotiator, graphqlResponse, json, wantsPage } from './media-type.ts'

it.each([
  [undefined, json],
  ['*/*', json],
  ['application/*', json],
  ['application/json', json],
  ['application/graphql-response+json', graphqlResponse],
  ['application/graphql-response+json, application/json;q=0.9', graphqlResponse],
  ['application/graphql-response+json, application/json', graphqlResponse],
  ['application/json, application/graphql-response+json', json],
  ['application/json;q=0.5, application/graphql-response+json;q=0.6', graphqlResponse],
  ['Application/JSON; charset=utf-8', json],
  ['application/json;q=0, */*', graphqlResponse],
  ['text/html, */*;q=0.1', json],
  ['text/html', null],
  ['application/json;q=0', null],
  ['', null],
])('Accept: %s gives %s', (accept, type) => {
  const negotiate = createNegotiator()
  expect(negotiate(accept)).toBe(type)
  expect(negotiate(accept)).toBe(type)
})

it('remembers few headers, however many are sent', () => {
  const negotiate = createNegotiator()
  for (let n = 0; n < 1_000; n++) expect(negotiate(`application/json;v=${n}`)).toBe(json)
})

it('shows a page to those who name HTML first', () => {
  expect(wantsPage('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8')).toBe(true)
  expect(['*/*', undefined, 'application/json', 'application/json, text/html'].some(wantsPage)).toBe(false)
})
