import { describe, expect, it } from 'vitest'
import { composeEstate } from '../estate.fixture.ts'
import { createForeignSubgraphs } from './foreign-subgraphs.ts'

const both = composeEstate()
const moved = both.replace('http://places.test/graphql', 'http://places.example/graphql')
const nowhere = both.replace('http://places.test/graphql', 'places')

const house = (urls: Readonly<Record<string, readonly string[]>> = {}) =>
  createForeignSubgraphs({ ours: ['people'], urls, seal: async () => 'sealed' })

describe('subgraphs of other teams', () => {
  it('are those that the supergraph names and we do not serve', () => {
    expect(Object.keys(house().reach(both).transports)).toEqual(['places'])
  })

  it('are reached by the same way for as long as they stay where they are', async () => {
    const subgraphs = house()
    const first = subgraphs.reach(both)
    await first.take()()
    const again = subgraphs.reach(`${both}\n`)
    expect(again.transports.places).toBe(first.transports.places)
    const elsewhere = subgraphs.reach(moved)
    expect(elsewhere.transports.places).not.toBe(first.transports.places)
    await subgraphs.close()
  })

  it('stay where the operator says they are, whatever a supergraph says', async () => {
    const subgraphs = house({ places: ['http://10.0.0.1:4004/graphql'] })
    const first = subgraphs.reach(both)
    await first.take()()
    expect(subgraphs.reach(moved).transports.places).toBe(first.transports.places)
    expect(Object.keys(subgraphs.reach(nowhere).transports)).toEqual(['places'])
    await subgraphs.close()
  })

  it('that nothing says the place of are refused, and what is served stays', async () => {
    const subgraphs = house()
    const first = subgraphs.reach(both)
    await first.take()()
    expect(() => subgraphs.reach(nowhere)).toThrow('nothing says where the subgraph places is')
    expect(subgraphs.reach(both).transports.places).toBe(first.transports.places)
    await subgraphs.close()
  })

  it('are left when another supergraph is taken that no longer needs their way, and not when it is dropped', async () => {
    const subgraphs = house()
    const first = subgraphs.reach(both)
    await first.take()()
    await subgraphs.reach(moved).drop()
    const ask = first.transports.places
    expect(subgraphs.reach(both).transports.places).toBe(ask)
    const next = subgraphs.reach(moved)
    const leave = next.take()
    await leave()
    expect(subgraphs.reach(moved).transports.places).toBe(next.transports.places)
    expect(subgraphs.reach(both).transports.places).not.toBe(ask)
    await subgraphs.close()
  })
})
