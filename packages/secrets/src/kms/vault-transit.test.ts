import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isAway } from './key-management.ts'
import { keyManagementOf } from './settings.ts'
import { openVault, type Vault } from './vault.fixture.ts'
import { parseTransitKey, vaultTransit } from './vault-transit.ts'

let vault: Vault
const tokenFile = join(mkdtempSync(join(tmpdir(), 'vault-')), 'token')
beforeAll(async () => {
  vault = await openVault()
})
afterAll(() => vault.close())
beforeEach(() => {
  vault.manner('open')
  vault.admit(vault.token)
  writeFileSync(tokenFile, `${vault.token}\n`)
})

function kms(change: { LATCHKEY_KMS_URL?: string; LATCHKEY_KMS_TOKEN_FILE?: string } = {}) {
  const found = keyManagementOf({ LATCHKEY_KMS_URL: vault.url, LATCHKEY_KMS_TOKEN_FILE: tokenFile, ...change })
  if (!found) throw new Error('there is key management')
  return found
}

const key = Buffer.alloc(32, 'k')
const failure = (promise: Promise<unknown>) => promise.then(String, (thrown: unknown) => thrown as Error)

describe('key management by Vault', () => {
  it('unwraps what it wrapped, also when its key has got a new version since', async () => {
    const wrapped = await kms().wrap(key, 'here')
    expect(wrapped).toMatch(/^vault:v\d+:/)
    vault.rotate()
    expect(await kms().unwrap(wrapped, 'here')).toEqual(key)
  })

  it.each([
    ['for another place', (wrapped: string) => [wrapped, 'there'] as const],
    ['what was altered', (wrapped: string) => [`${wrapped.slice(0, -6)}AAAA==`, 'here'] as const],
    ['what it never wrapped', () => ['vault:v99:AAAA', 'here'] as const],
  ])('does not unwrap %s, and trying again is no help', async (_what, change) => {
    const [wrapped, place] = change(await kms().wrap(key, 'here'))
    const fault = await failure(kms().unwrap(wrapped, place))
    expect(fault).toMatchObject({ message: expect.stringContaining('does not open this') })
    expect(isAway(fault)).toBe(false)
  })

  it.each([
    ['is sealed', () => vault.manner('sealed'), /sealed or in maintenance/],
    ['does not know the token', () => vault.admit('hvs.other'), /does not let us: look at the token/],
    ['sends us elsewhere, where the token is not carried', () => vault.manner('elsewhere'), /answers 307/],
    ['answers otherwise than Transit does', () => vault.manner('babbling'), /answers otherwise/],
  ])('may be had in a moment when it %s', async (_what, spoil, reason) => {
    const wrapped = await kms().wrap(key, 'here')
    spoil()
    const fault = await failure(kms().unwrap(wrapped, 'here'))
    expect(fault).toMatchObject({ message: expect.stringMatching(reason) })
    expect(isAway(fault)).toBe(true)
    expect(`${fault}${JSON.stringify(fault)}`).not.toContain(vault.token)
  })

  it('is not waited for longer than it may take', async () => {
    vault.manner('silent')
    const at = parseTransitKey(vault.url)
    if (!at) throw new Error('that is a key')
    const fault = await failure(vaultTransit({ at, withinMs: 100 }).unwrap('vault:v1:AAAA', 'here'))
    expect([isAway(fault), String(fault)]).toEqual([true, expect.stringContaining('does not answer')])
  })

  it('may be had in a moment when nobody is there, its key is not, or its token cannot be read', async () => {
    const faults = await Promise.all([
      failure(kms({ LATCHKEY_KMS_URL: 'vault+http://127.0.0.1:9/transit/latchkey' }).wrap(key, 'here')),
      failure(kms({ LATCHKEY_KMS_URL: vault.url.replace('latchkey', 'other') }).wrap(key, 'here')),
      failure(kms({ LATCHKEY_KMS_TOKEN_FILE: '/nowhere/token' }).wrap(key, 'here')),
    ])
    expect(faults.map(isAway)).toEqual([true, true, true])
  })

  it('is let in by the token that stands in the file at that moment', async () => {
    const one = kms()
    vault.admit('hvs.renewed')
    expect(isAway(await failure(one.wrap(key, 'here')))).toBe(true)
    writeFileSync(tokenFile, 'hvs.renewed')
    expect(await one.wrap(key, 'here')).toMatch(/^vault:/)
  })
})

describe('where key management is', () => {
  it.each([
    ['vault+https://vault.internal:8200/transit/latchkey', 'transit', null],
    ['vault+https://vault.internal/teams/identity/transit/latchkey?namespace=eu/id', 'teams/identity/transit', 'eu/id'],
    ['vault+http://127.0.0.1:8200/transit/latchkey', 'transit', null],
  ])('may be %s', (text, mount, namespace) => {
    expect(parseTransitKey(text)).toMatchObject({ mount, key: 'latchkey', namespace })
  })

  it.each([
    'https://vault.internal/transit/latchkey',
    'vault+http://vault.internal/transit/latchkey',
    'vault+https://vault.internal/latchkey',
    'vault+https://vault.internal/transit/a b',
    'vault+https://root:token@vault.internal/transit/latchkey',
    'vault+https:///transit/latchkey',
    'awskms://key',
  ])('is not %s', (text) => {
    expect(parseTransitKey(text)).toBeNull()
    expect(() => keyManagementOf({ LATCHKEY_KMS_URL: text })).toThrow(/LATCHKEY_KMS_URL must be like/)
  })
})
