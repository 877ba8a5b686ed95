/** Stories in which many try on purpose: counters are held to their numbers elsewhere. */
import { afterAll, beforeAll, describe } from 'vitest'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'
import { keyOwnerStories } from './unlimited-house/key-owners.ts'
import { revocationStories } from './unlimited-house/revocation.ts'
import { secondFactorStories } from './unlimited-house/second-factors.ts'

inEveryTopology((name) => {
  let house: Topology
  beforeAll(async () => {
    house = await startTopology(name, { settings: { LATCHKEY_LIMITS: 'off', LATCHKEY_KEY_NOTICE_INTERVAL: '1s' } })
  })
  afterAll(() => house?.stop())

  describe('second factors', () => secondFactorStories(() => house))
  describe('owners of keys', () => keyOwnerStories(() => house))
  describe('revocation', () => revocationStories(name, () => house))
})
