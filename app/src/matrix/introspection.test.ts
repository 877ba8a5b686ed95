/** Introspection shows what the matrix permits, and no more: every class of callers, every coordinate of our graph and of another team's. */
import { clockAt } from '@latchkey/clock/testing'
import { type AccessJudge, createAccessJudge } from '@latchkey/gateway/access'
import { declaredScopes } from '@latchkey/subgraph/scope-catalogue'
import { buildClientSchema, introspectionFromSchema, validateSchema } from 'graphql'
import { beforeAll, describe, expect, it } from 'vitest'
import { callerClasses, principalOf } from './classes.ts'
import { loadGraphs } from './load.ts'
import { coordinatesOf, operationOf } from './path.ts'
import { searchWays } from './search.ts'
import { isRefusal, wordOf } from './word.ts'

const clock = clockAt('2030-06-01T00:00:00Z')
const { supergraphSdl } = await loadGraphs('examples/orders/supergraph.yaml')
const classes = callerClasses(declaredScopes(supergraphSdl))

describe('the schema that is told', () => {
  let judge: AccessJudge
  beforeAll(() => {
    judge = createAccessJudge(supergraphSdl, clock)
  })

  it.each(classes.filter(({ kind }) => kind !== 'anonymous'))('to $name is what they may ask', async (each) => {
    const principal = principalOf(each, 'old', clock)
    const { schema, seenBy } = judge
    const found = await searchWays({
      schema,
      roots: [
        ['query', [schema.getQueryType()?.name ?? '']],
        ['mutation', [schema.getMutationType()?.name ?? '']],
        ['subscription', [schema.getSubscriptionType()?.name ?? '']],
      ],
      judge: async (way) => wordOf(judge.judge(operationOf(way), principal)),
    })
    const permitted = [...found].filter(([, { word }]) => !isRefusal(word)).map(([coordinate]) => coordinate)
    const told = buildClientSchema(introspectionFromSchema(seenBy(principal)))
    expect(validateSchema(told)).toEqual([])
    expect(permitted.length).toBeGreaterThan(100)
    expect(coordinatesOf(told)).toEqual(permitted.sort())
  })

  it('to nobody is nothing', () => {
    expect(() => judge.seenBy({ kind: 'anonymous' })).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }))
  })

  it('differs from class to class', () => {
    const known = classes.filter(({ kind }) => kind !== 'anonymous')
    const sizes = known.map((each) => coordinatesOf(judge.seenBy(principalOf(each, 'old', clock))).length)
    expect(new Set(sizes).size).toBeGreaterThan(3)
  })
})
