import { expect, it } from 'vitest'
import { rankOf } from './rank.ts'

it.each([
  ['signing in', 'mutation', ['Mutation.signIn', 'Mutation.signIn(input:)', 'SignedIn.accessToken'], 'entering'],
  ['a revocation', 'mutation', ['Mutation.revokeSession', 'Mutation.revokeSession(id:)'], 'ending'],
  ['a revocation beside a sign-in', 'mutation', ['Mutation.revokeSession', 'Mutation.signIn'], 'entering'],
  ['a revocation with company', 'mutation', ['Mutation.revokeSession', 'Mutation.createApiKey'], 'usual'],
  ['any other change', 'mutation', ['Mutation.createApiKey'], 'usual'],
  ['me', 'query', ['Query.me', 'User.email'], 'own'],
  ['me with company', 'query', ['Query.me', 'Query.users', 'Query.users(first:)'], 'usual'],
  ['a list', 'query', ['Query.users'], 'usual'],
  ['a stream', 'subscription', ['Subscription.sessionEnded', 'User.email'], 'opening'],
] as const)('%s (%s) is %s', (_what, kind, coordinates, rank) => {
  expect(rankOf({ kind, coordinates: [...coordinates] })).toBe(rank)
})

it('what was never seen is refused first: it has to be parsed and planned', () => {
  expect(rankOf(undefined)).toBe('unknown')
})
