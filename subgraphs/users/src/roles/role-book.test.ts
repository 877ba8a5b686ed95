import { describe, expect, it } from 'vitest'
import { createRoleCatalogue } from './role.ts'
import { createRoleBook, type StoredRole } from './role-book.ts'

const aRole = (name: string, scopes: readonly string[] = [], includes: readonly string[] = []): StoredRole => ({
  name,
  description: name,
  scopes,
  includes,
  secondFactorWithinDays: null,
  sessionLimit: null,
  version: 1,
})

const declared = [{ name: 'orders:read', description: 'See orders.', roles: [] }]
const bookOf = (...roles: StoredRole[]) =>
  createRoleBook([aRole('user'), aRole('admin'), ...roles], 'stamp', createRoleCatalogue(declared))

describe('the role book', () => {
  it('gives a role what it includes, however far away', () => {
    const book = bookOf(
      aRole('clerk', ['orders:read']),
      aRole('head', [], ['clerk']),
      aRole('chief', ['audit:read'], ['head']),
    )
    expect(book.scopesOf(['chief'])).toEqual(['audit:read', 'orders:read'])
    expect(book.shown('chief').ownScopes).toEqual(['audit:read'])
    expect(book.including('clerk')).toEqual(['clerk', 'head', 'chief'])
  })

  it('adds to a built-in role and takes nothing from it', () => {
    const book = bookOf().with(aRole('user', ['orders:read']))
    expect(book.scopesOf(['user'])).toEqual(expect.arrayContaining(['profile:read', 'orders:read']))
    expect(book.beyondEveryone(['orders:read', 'users:read'])).toEqual(['users:read'])
  })

  it('lets a scope that nobody declares permit nothing', () => {
    expect(bookOf(aRole('old', ['gone:read'])).scopesOf(['old'])).toEqual([])
  })

  it('sees a cycle of any length, and one of a role with itself', () => {
    const chain = bookOf(aRole('a', [], ['b']), aRole('b', [], ['c']), aRole('c'))
    expect(chain.hasCycle()).toBe(false)
    expect(chain.with(aRole('c', [], ['a'])).hasCycle()).toBe(true)
    expect(chain.with(aRole('c', [], ['c'])).hasCycle()).toBe(true)
  })

  it('does not call a diamond a cycle', () => {
    const diamond = bookOf(
      aRole('top', [], ['left', 'right']),
      aRole('left', [], ['low']),
      aRole('right', [], ['low']),
      aRole('low'),
    )
    expect(diamond.hasCycle()).toBe(false)
  })

  it('knows who can administer, by inclusion too', () => {
    const book = bookOf(
      aRole('deputy', [], ['admin']),
      aRole('granter', ['roles:write']),
      aRole('reader', ['roles:read']),
    )
    expect(book.administering()).toEqual(['admin', 'deputy', 'granter'])
    expect(book.with(aRole('deputy')).administering()).toEqual(['admin', 'granter'])
    expect(book.without('granter').administering()).toEqual(['admin', 'deputy'])
  })
})
