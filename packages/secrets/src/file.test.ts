import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemEntropy } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { createKeyringFile, readKeyringFile, sliceKeyringFile } from './file.ts'

const tools = { entropy: systemEntropy, kms: null }
const freshPath = () => join(mkdtempSync(join(tmpdir(), 'keyring-')), 'keyring.json')

interface WrittenFile {
  secrets: object
  services: Record<string, { publicKey: string }>
}

function aKeyringFile(change: (file: WrittenFile) => unknown = (file) => file): string {
  const path = freshPath()
  createKeyringFile(path, systemEntropy)
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))))
  return path
}

describe('a new keyring file', () => {
  it('is for its owner only, and never overwritten', () => {
    const path = freshPath()
    createKeyringFile(path, systemEntropy)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(() => createKeyringFile(path, systemEntropy)).toThrow(/never overwritten/)
  })

  it('opens what it sealed after it is read again', () => {
    const path = aKeyringFile()
    const sealed = readKeyringFile(path, systemEntropy).keyring.seal('data', 'x', 'here')
    expect(readKeyringFile(path, systemEntropy).keyring.open('data', sealed, 'here').toString()).toBe('x')
  })
})

describe('a keyring file is refused', () => {
  const read = (path: string) => () => readKeyringFile(path, systemEntropy)

  it('when it is not there, saying how to make one', () => {
    expect(read('/nowhere/keyring.json')).toThrow(/keyring create/)
  })

  it('when everyone may change it', () => {
    const path = aKeyringFile()
    chmodSync(path, 0o666)
    expect(read(path)).toThrow(/chmod 600/)
  })

  it('when it is no JSON, without quoting it', () => {
    const path = freshPath()
    writeFileSync(path, 'hunter2, hunter2')
    expect(read(path)).toThrow(/is not JSON/)
    expect(read(path)).not.toThrow(/hunter2/)
  })

  it.each([
    ['short', { id: 'a', secret: 'c2hvcnQ' }, /32 bytes/],
    ['a placeholder', { id: 'a', secret: 'A'.repeat(64) }, /must be random/],
    ['badly named', { id: 'a b', secret: 'A'.repeat(64) }, /letters, digits/],
  ])('when a secret is %s', (_, secret, fault) => {
    expect(read(aKeyringFile((file) => ({ ...file, secrets: { ...file.secrets, data: [secret] } })))).toThrow(fault)
  })

  it('when a purpose has no secret', () => {
    expect(read(aKeyringFile((file) => ({ ...file, secrets: { ...file.secrets, data: [] } })))).toThrow(/secrets.data/)
  })
})

it('a process whose file lacks the private key of another service cannot sign for it', () => {
  const path = aKeyringFile((file) => {
    const { gateway } = file.services
    return { ...file, services: { ...file.services, gateway: { publicKey: gateway?.publicKey } } }
  })
  const holder = readKeyringFile(path, systemEntropy)
  expect(() => holder.signingKey('gateway')).toThrow(/private key of gateway/)
  expect(holder.signingKey('users').asymmetricKeyType).toBe('ed25519')
  expect(Object.keys(holder.publicKeys('gateway', 'users'))).toEqual(['gateway', 'users'])
})

describe('the part of a keyring that one service needs', () => {
  it('holds its own secrets and key, and of the others the public keys it trusts', async () => {
    const whole = aKeyringFile()
    const part = freshPath()
    await sliceKeyringFile(whole, 'users', part, tools)
    const holder = readKeyringFile(part, systemEntropy)
    const sealed = readKeyringFile(whole, systemEntropy).keyring.seal('data', 'x', 'here')
    expect(holder.keyring.open('data', sealed, 'here').toString()).toBe('x')
    expect(() => holder.keyring.mac('api-key', 'x')).toThrow(/no secret for api-key/)
    expect(() => holder.signingKey('sessions')).toThrow(/private key of sessions/)
    expect(Object.keys(holder.publicKeys('gateway', 'sessions', 'api-keys'))).toEqual([
      'gateway',
      'sessions',
      'api-keys',
    ])
  })

  it.each(['sessions', 'api-keys'])(
    'lets %s trust Users, which asks for a person and has them forgotten',
    async (service) => {
      const part = freshPath()
      await sliceKeyringFile(aKeyringFile(), service, part, tools)
      const holder = readKeyringFile(part, systemEntropy)
      expect(Object.keys(holder.publicKeys('gateway', 'users'))).toEqual(['gateway', 'users'])
      expect(() => holder.signingKey('users')).toThrow(/private key of users/)
    },
  )

  it('is made for no unknown service, and over no file', async () => {
    const whole = aKeyringFile()
    await expect(sliceKeyringFile(whole, 'billing', freshPath(), tools)).rejects.toThrow(/the services are gateway/)
    await expect(sliceKeyringFile(whole, 'users', whole, tools)).rejects.toThrow(/never overwritten/)
  })
})
