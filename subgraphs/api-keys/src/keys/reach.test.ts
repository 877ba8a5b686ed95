import { anonymous } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { expect, it } from 'vitest'
import { askerOf, creatorOf, reaches, reachOf } from './reach.ts'

const refused = expect.objectContaining({ code: 'FORBIDDEN' })
const question = { requestId: 'req_1' }

it('lets a person and their key reach the keys of that person', () => {
  expect(reachOf(aUser({ userId: 'usr_ada' }))).toEqual({ of: 'owner', ownerId: 'usr_ada' })
  expect(reachOf(anApiKey({ ownerId: 'usr_ada' }))).toEqual({ of: 'owner', ownerId: 'usr_ada' })
  expect(reaches({ of: 'owner', ownerId: 'usr_ada' }, 'usr_ada')).toBe(true)
  expect(reaches({ of: 'owner', ownerId: 'usr_ada' }, 'usr_eve')).toBe(false)
})

it('lets keys:admin reach everyone, as a person and as a key', () => {
  expect(reachOf(aUser({ scopes: ['keys:admin'] }))).toEqual({ of: 'everyone' })
  expect(reachOf(anApiKey({ scopes: ['keys:admin'] }))).toEqual({ of: 'everyone' })
  expect(reaches({ of: 'everyone' }, 'usr_eve')).toBe(true)
})

it('gives nobody a reach by a service scope', () => {
  expect(() => reachOf(aService('gateway', ['keys:admin']))).toThrow(refused)
  expect(() => reachOf(anonymous)).toThrow(refused)
})

it('names who asks, and lets only a person make keys', () => {
  expect(askerOf({ ...question, principal: anApiKey() }).principal.kind).toBe('apiKey')
  expect(creatorOf({ ...question, principal: aUser() }).principal.kind).toBe('user')
  expect(() => askerOf({ ...question, principal: anonymous })).toThrow(refused)
  expect(() => creatorOf({ ...question, principal: anApiKey() })).toThrow(refused)
})
