import { setTimeout as pause } from 'node:timers/promises'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { parse } from 'graphql'
import { expect, it, onTestFinished, vi } from 'vitest'
import { federate, places } from './federation.contract.ts'

const federation = () =>
  federate(
    {
      a: 'type Query { p: P } type P @key(fields: "id") { id: ID! name: String }',
      b: 'type P @key(fields: "id") @key(fields: "sku") { id: ID! sku: ID size: Int } type Query { fine: Int }',
      c: 'type P @key(fields: "sku") { sku: ID title: String }',
    },
    {
      Query: { p: { id: '1', name: fails('UNAVAILABLE') }, fine: 1 },
      entities: [{ __typename: 'P', id: '1', sku: 's', size: 1, title: 't' }],
    },
  )

const fails = (code: 'UNAVAILABLE' | 'FORBIDDEN') => () => {
  throw new Problem(code)
}

const lateBy =
  (ms: number) =>
  (next: SubgraphTransport): SubgraphTransport =>
  async (request) => {
    await pause(ms)
    return next(request)
  }

const silent = () => (): Promise<never> => new Promise(() => {})

it('waits for the next subgraph only for what is left, once one could not answer', async () => {
  const house = federation()
  house.disturb('b', silent)
  const answer = await house.together(parse('{ p { id name size } }'))
  expect(answer.data).toEqual({ p: { id: '1', name: null, size: null } })
  expect(places(answer.errors)).toEqual(['p.name UNAVAILABLE', 'p.size UNAVAILABLE'])
})

it('lets a subgraph take its time where everybody could answer, or refused', async () => {
  const house = federate(
    {
      a: 'type Query { p: P } type P @key(fields: "id") { id: ID! name: String }',
      b: 'type P @key(fields: "id") { id: ID! size: Int }',
    },
    { Query: { p: { id: '1', name: fails('FORBIDDEN') } }, entities: [{ __typename: 'P', id: '1', size: 1 }] },
  )
  house.disturb('b', lateBy(600))
  const answer = await house.together(parse('{ p { id name size } }'))
  expect(answer.data).toEqual({ p: { id: '1', name: null, size: 1 } })
})

it('gives whoever is well its moment, however late it is', async () => {
  const house = federation()
  house.disturb('a', lateBy(450))
  const answer = await house.together(parse('{ p { id name size } }'))
  expect(answer.data).toEqual({ p: { id: '1', name: null, size: 1 } })
})

const changes = (code: 'UNAVAILABLE' | 'FORBIDDEN') =>
  federate(
    {
      a: 'type Query { fine: Int } type Mutation { first: Int }',
      b: 'type Mutation { second: Int }',
    },
    { Query: { fine: 1 }, Mutation: { first: fails(code), second: 2 } },
  )

const asksFor = (house: ReturnType<typeof changes>) => house.asked.map(({ subgraph }) => subgraph)

it('begins no further change once one was waited for in vain', async () => {
  const house = changes('UNAVAILABLE')
  house.disturb('a', lateBy(250))
  const answer = await house.together(parse('mutation { first second }'))
  expect(places(answer.errors)).toEqual(['first UNAVAILABLE', 'second UNAVAILABLE'])
  expect(asksFor(house)).toEqual(['a'])
})

it('goes on to the next change where one was refused, however late', async () => {
  const house = changes('FORBIDDEN')
  house.disturb('a', lateBy(250))
  const answer = await house.together(parse('mutation { first second }'))
  expect(answer.data).toEqual({ first: null, second: 2 })
})

it('goes on to the next change where one could not be answered, and nobody has waited for it', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const answer = await changes('UNAVAILABLE').together(parse('mutation { first second }'))
  expect(answer.data).toEqual({ first: null, second: 2 })
})
