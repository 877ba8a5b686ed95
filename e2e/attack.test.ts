/** The attack pack against the whole of Latchkey: everything that it tries, Latchkey refuses. */
import { attack, type Report } from '@latchkey/attack'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

inEveryTopology((name) => {
  let house: Topology
  beforeAll(async () => {
    house = await startTopology(name)
  })
  afterAll(() => house?.stop())

  it('holds against every probe', async () => {
    const reports: Report[] = []
    for await (const report of attack(house.gateways[0], { tokens: [] })) reports.push(report)
    expect(reports.filter(({ outcome }) => outcome === 'broken')).toEqual([])
    const leftOut = reports.filter(({ outcome }) => outcome === 'left out').map((report) => report.name)
    expect(leftOut).toEqual([
      'introspection is off',
      'refusals suggest no names',
      'the schema shows an ordinary person nothing of administration',
      'what is for development, and metrics, are not in production',
    ])
    expect(reports.length).toBeGreaterThanOrEqual(65)
  })
})
