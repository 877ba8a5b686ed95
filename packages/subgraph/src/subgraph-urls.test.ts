import { expect, it } from 'vitest'
import { parseSubgraphUrls } from './subgraph-urls.ts'

it('reads subgraphs and their replicas; an address without a path means /graphql', () => {
  expect(parseSubgraphUrls('users=dns+http://users:4001,keys=srv+http://_graphql._tcp.keys.test')).toEqual({
    users: ['dns+http://users:4001/graphql'],
    keys: ['srv+http://_graphql._tcp.keys.test/graphql'],
  })
  expect(parseSubgraphUrls('users=http://one:4001|http://two:4001/graph, api-keys=https://keys.example')).toEqual({
    users: ['http://one:4001/graphql', 'http://two:4001/graph'],
    'api-keys': ['https://keys.example/graphql'],
  })
})

it.each([
  '',
  'users',
  'users=',
  'users=ftp://one',
  'users=one:4001',
  '=http://one',
  'users=http://one,,',
  'a=http://one,a=http://two',
])('does not take %j for it', (text) => {
  expect(parseSubgraphUrls(text)).toBeNull()
})
