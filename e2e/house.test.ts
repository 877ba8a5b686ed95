/** Stories of a house that is as it comes; they live in it one after the other. */
import { afterAll, beforeAll, describe } from 'vitest'
import { accountStories } from './house/accounts.ts'
import { explainStories } from './house/explain.ts'
import { identityStories } from './house/identity.ts'
import { keyAccessStories } from './house/key-access.ts'
import { keyStories } from './house/keys.ts'
import { readmeStories } from './house/readme.ts'
import { refusalStories } from './house/refusals.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

inEveryTopology((name) => {
  let house: Topology
  beforeAll(async () => {
    house = await startTopology(name)
  })
  afterAll(() => house?.stop())

  describe('the README', () => readmeStories(() => house))
  describe('identity', () => identityStories(() => house))
  describe('accounts', () => accountStories(() => house))
  describe('keys', () => keyStories(() => house))
  describe('what a key may reach', () => keyAccessStories(() => house))
  describe('refusals', () => refusalStories(name, () => house))
  describe('explain', () => explainStories(name, () => house))
})
