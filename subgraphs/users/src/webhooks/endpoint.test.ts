import { auditActions } from '@latchkey/audit'
import { describe, expect, it } from 'vitest'
import { idOf, isSentTo, parseEndpointInput, parseEndpointUrl } from './endpoint.ts'

const faultsOf = (input: object): Record<string, string> => {
  try {
    parseEndpointInput(input, 'refused')
    return {}
  } catch (error) {
    return (error as { extensions: { fields: Record<string, string> } }).extensions.fields
  }
}

describe('the address of an endpoint', () => {
  it.each([
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'example.com/hooks',
    'https://',
    '',
    `https://example.com/${'a'.repeat(2_048)}`,
    'https://user@example.com/',
    'https://user:secret@example.com/',
    'https://example.com/#part',
  ])('is not %s', (url) => {
    expect(parseEndpointUrl(url, 'refused')).toHaveProperty('fault')
  })

  it('is one with TLS, or without it while developing', () => {
    expect(parseEndpointUrl('https://example.com:8443/hooks?team=1', 'refused')).toHaveProperty('url')
    expect(parseEndpointUrl('http://example.com/', 'taken')).toHaveProperty('url')
    expect(parseEndpointUrl('ftp://example.com/', 'taken')).toHaveProperty('fault')
  })
})

describe('what is said about an endpoint', () => {
  it('has every wrong member named at once', () => {
    const eventTypes = ['role.grant', 'role.unheard-of']
    expect(Object.keys(faultsOf({ url: 'http://a', description: 'x'.repeat(501), eventTypes }))).toEqual([
      ...['input.url', 'input.description', 'input.eventTypes'],
    ])
    expect(Object.keys(faultsOf({ eventTypes: Array(10_000).fill('x'.repeat(100)) }))).toEqual(['input.eventTypes'])
  })

  it('may be all kinds of events there are, each once, and nothing at all', () => {
    expect(parseEndpointInput({ eventTypes: [...auditActions] }, 'refused').eventTypes).toEqual(auditActions)
    expect(parseEndpointInput({ eventTypes: ['role.grant', 'role.grant'] }, 'refused').eventTypes).toEqual([
      'role.grant',
    ])
    expect(parseEndpointInput({}, 'refused')).toEqual({ url: null, description: null, eventTypes: null })
  })
})

it('an endpoint is sent its kinds of events, and none from before it was there', () => {
  const createdAt = new Date('2030-01-01T00:00:00Z')
  const before = new Date(createdAt.getTime() - 1)
  expect(isSentTo({ eventTypes: [], createdAt }, { type: 'role.grant', at: createdAt })).toBe(true)
  expect(isSentTo({ eventTypes: [], createdAt }, { type: 'role.grant', at: before })).toBe(false)
  expect(isSentTo({ eventTypes: ['role.revoke'], createdAt }, { type: 'role.grant', at: createdAt })).toBe(false)
})

it('an id that cannot be one is nobody’s', () => {
  for (const id of ['', 'usr_1', `whe_${'a'.repeat(61)}`, 'whe_\u0000', "whe_' OR 1=1"]) expect(idOf(id)).toBe('')
  expect(idOf('whe_1a')).toBe('whe_1a')
})

it('every kind of event has one name, written like the others', () => {
  expect(new Set(auditActions).size).toBe(auditActions.length)
  expect(auditActions.filter((action) => !/^[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*$/.test(action))).toEqual([])
})
