/** Introspection shows what the matrix permits, and no more: for every class of callers, over the whole graph. */
import { clockAt } from '@latchkey/clock/testing'
import { createAccessJudge } from '@latchkey/gateway/access'
import { declaredScopes } from '@latchkey/subgraph/scope-catalogue'
import { buildClientSchema, introspectionFromSchema, validateSchema } from 'graphql'
import { beforeAll, describe, expect, it } from 'vitest'
import { callerClasses, principalOf } from './classes.ts'
import { loadGraphs } from './load.ts'
import { coordinatesOf, operationOf } from './path.ts'
import { searchWays } from './search.ts'
import { isRefusal, wordOf } from './word.ts'

const clock = clockAt('2030-06-01T00:00:00Z')
const configs = ['supergraph.yaml', 'examples/orders/supergraph.yaml']

describe.each(configs)('over %s', (config) => {
  let supergraphSdl: string
  beforeAll(async () => {
    supergraphSdl = (await loadGraphs(config)).supergraphSdl
  })

  it('everybody who is signed in sees what they may ask, and nothing else', async () => {
    const { schema, judge, seenBy } = createAccessJudge(supergraphSdl, clock)
    const roots = [
      ['query', [schema.getQueryType()?.name ?? '']],
      ['mutation', [schema.getMutationType()?.name ?? '']],
      ['subscription', [schema.getSubscriptionType()?.name ?? '']],
    ] as const
    const sizes = new Set<number>()
    for (const each of callerClasses(declaredScopes(supergraphSdl))) {
      const principal = principalOf(each, 'old', clock)
      if (each.kind === 'anonymous') {
        expect(() => seenBy(principal)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }))
        continue
      }
      const found = await searchWays({
        ...{ schema, roots },
        judge: async (way) => wordOf(judge(operationOf(way), principal)),
      })
      const permitted = [...found].filter(([, { word }]) => !isRefusal(word)).map(([coordinate]) => coordinate)
      const told = buildClientSchema(introspectionFromSchema(seenBy(principal)))
      expect(validateSchema(told)).toEqual([])
      expect(coordinatesOf(told), each.name).toEqual(permitted.sort())
      sizes.add(permitted.length)
    }
    expect(sizes.size).toBeGreaterThan(3)
  })
})
