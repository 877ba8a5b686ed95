import { administers } from '@latchkey/principal/impersonation'
import { describe, expect, it } from 'vitest'
import { createRoleCatalogue } from './role.ts'

describe('the role catalogue', () => {
  const catalogue = createRoleCatalogue()

  it('gives everyone what concerns themselves', () => {
    expect(catalogue.scopesOf(['user'])).toEqual([
      'profile:read',
      'profile:write',
      'sessions:read',
      'sessions:write',
      'keys:read',
      'keys:write',
    ])
  })

  it('gives administrators every built-in scope, each once', () => {
    const scopes = catalogue.scopesOf(['user', 'admin'])
    expect(scopes).toEqual(catalogue.scopes.map(({ name }) => name))
    expect(new Set(scopes).size).toBe(scopes.length)
  })

  it('and whoever is to be impersonated agree on who administers: nobody by what everyone holds, anybody by the rest', () => {
    const everyones = catalogue.scopesOf(['user'])
    expect(administers(everyones)).toBe(false)
    for (const { name } of catalogue.scopes)
      expect([name, administers([name])]).toEqual([name, !everyones.includes(name)])
  })

  it('gives nothing for a name that is no role', () => {
    expect(catalogue.scopesOf(['root', 'constructor', ''])).toEqual([])
    expect(catalogue.isRole('root')).toBe(false)
    expect(catalogue.isRole('admin')).toBe(true)
  })

  it('adds a declared scope to the roles it names, and to no other', () => {
    const declared = [{ name: 'orders:read', description: 'See your orders.', roles: ['user'] }]
    const { scopes, scopesOf } = createRoleCatalogue(declared)
    expect(scopesOf(['user'])).toContain('orders:read')
    expect(scopesOf(['admin'])).not.toContain('orders:read')
    expect(scopes).toContainEqual({ name: 'orders:read', description: 'See your orders.' })
  })

  it('lets no declaration hand a built-in scope to another role', () => {
    const { scopesOf, scopes } = createRoleCatalogue([{ name: 'users:read', description: 'Mine', roles: ['user'] }])
    expect(scopesOf(['user'])).not.toContain('users:read')
    expect(scopes.filter(({ name }) => name === 'users:read')).toHaveLength(1)
  })
})
