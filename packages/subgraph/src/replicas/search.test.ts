import { describe, expect, it } from 'vitest'
import { candidatesFor, searchIn } from './search.ts'

const kubernetes = `
search latchkey.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5`

describe('names are looked for in the domains of the machine', () => {
  it('short ones there first, as in Kubernetes', () => {
    const search = searchIn(kubernetes)
    expect(candidatesFor('users', search)).toEqual([
      'users.latchkey.svc.cluster.local',
      'users.svc.cluster.local',
      'users.cluster.local',
      'users',
    ])
  })

  it('those with dots enough as they are first, and whole ones as they are alone', () => {
    const search = searchIn('search example.org\n')
    expect(candidatesFor('users.internal', search)).toEqual(['users.internal', 'users.internal.example.org'])
    expect(candidatesFor('users', search)).toEqual(['users.example.org', 'users'])
    expect(candidatesFor('users.internal.', search)).toEqual(['users.internal'])
  })

  it.each([
    ['is not there', '', { domains: [], dots: 1 }],
    ['says it twice', 'search one\ndomain two.', { domains: ['two.'], dots: 1 }],
    ['searches the root', 'search .', { domains: [], dots: 1 }],
    ['is absurd', `search ${'x '.repeat(99)}\noptions ndots:999`, { domains: Array(32).fill('x'), dots: 15 }],
  ])('where its file %s', (_what, text, search) => {
    expect(searchIn(text)).toEqual(search)
  })
})
