import { describe, expect, it } from 'vitest'
import { joinTypes } from './join-types.ts'

describe('types of several features', () => {
  it('have the fields of all of them', () => {
    const joined = joinTypes<object>({ Query: { me: 1 } }, { Query: { roles: 2 }, Role: { name: 3 } })
    expect(joined).toEqual({ Query: { me: 1, roles: 2 }, Role: { name: 3 } })
  })

  it('have no field twice', () => {
    expect(() => joinTypes({ Query: { me: 1 } }, { Query: { me: 2 } })).toThrow('two features speak of Query.me')
  })
})
