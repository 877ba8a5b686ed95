import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createKeyringFile,
  createKeyringFileBy,
  openKeyringFile,
  readKeyringFile,
  rotateKeyringFile,
  sliceKeyringFile,
  wrapKeyringFile,
  wrappingOf,
} from '../file.ts'
import { followKeyringFile } from '../follow.ts'
import { isAway } from './key-management.ts'
import { keyManagementOf } from './settings.ts'
import { openVault, type Vault } from './vault.fixture.ts'

const endings: (() => unknown)[] = []
let vault: Vault
beforeEach(async () => {
  vault = await openVault()
  endings.push(() => vault.close())
})
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

function aFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'wrapped-'))
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, vault.token)
  const kms = keyManagementOf({ LATCHKEY_KMS_URL: vault.url, LATCHKEY_KMS_TOKEN_FILE: tokenFile })
  if (!kms) throw new Error('there is key management')
  const written = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  return { folder, path: join(folder, 'keyring.json'), kms, tools: { entropy, kms }, written }
}

const secretsIn = (path: string): readonly string[] =>
  Object.values<{ secret: string }[]>(JSON.parse(readFileSync(path, 'utf8')).secrets).flatMap((versions) =>
    versions.map(({ secret }) => secret),
  )

const makesFrom = new Date(Date.now() + 60_000)

describe('a keyring that key management wraps', () => {
  it('opens what the plain one sealed, holds no secret that can be read, and its key is another each time', async () => {
    const { path, kms, tools, written } = aFolder()
    createKeyringFile(path, entropy)
    const [secret = ''] = secretsIn(path)
    const sealed = readKeyringFile(path, entropy).keyring.seal('data', 'x', 'here')
    await wrapKeyringFile(path, tools)
    const first = readFileSync(path, 'utf8')
    const { keyring } = await openKeyringFile(path, tools, clock)
    expect(keyring.open('data', sealed, 'here').toString()).toBe('x')
    expect(written().filter((text) => text.includes(secret))).toEqual([])
    vault.rotate()
    await wrapKeyringFile(path, tools)
    expect([wrappingOf(path), readFileSync(path, 'utf8') === first]).toEqual(['vault:v2', false])
    expect(kms.name).toContain('transit/latchkey')
  })

  it('is made wrapped, and stays so when it is rotated and sliced', async () => {
    const { folder, path, tools } = aFolder()
    await createKeyringFileBy(path, tools)
    const part = join(folder, 'users.json')
    await rotateKeyringFile(path, { kinds: ['data'], makesFrom, now: new Date() }, tools)
    await sliceKeyringFile(path, 'users', part, tools)
    expect([wrappingOf(path), wrappingOf(part)]).toEqual(['vault:v1', 'vault:v1'])
    const { keyring } = await openKeyringFile(part, tools, clock)
    expect(keyring.keyIds('data')).toHaveLength(2)
    expect(() => keyring.mac('api-key', 'x')).toThrow(/no secret for api-key/)
  })

  it.each([
    ['as the part of another service', (file: object) => ({ ...file, service: 'sessions' })],
    ['as a whole one', (file: object) => ({ ...file, service: undefined })],
  ])('cannot be passed off %s', async (_what, change) => {
    const { folder, path, tools } = aFolder()
    await createKeyringFileBy(path, tools)
    const part = join(folder, 'users.json')
    await sliceKeyringFile(path, 'users', part, tools)
    writeFileSync(part, JSON.stringify(change(JSON.parse(readFileSync(part, 'utf8')))))
    await expect(openKeyringFile(part, tools, clock)).rejects.toThrow(/does not open this/)
  })

  it('does not open with the key of another text, nor when it was altered, nor without key management', async () => {
    const { folder, path, tools } = aFolder()
    const other = join(folder, 'other.json')
    await createKeyringFileBy(path, tools)
    await createKeyringFileBy(other, tools)
    const [one, two] = [path, other].map((file) => JSON.parse(readFileSync(file, 'utf8')))
    writeFileSync(other, JSON.stringify({ ...two, wrappedKey: one.wrappedKey }))
    await expect(openKeyringFile(other, tools, clock)).rejects.toThrow(/was altered, or its key is another’s/)
    await expect(openKeyringFile(path, { entropy, kms: null }, clock)).rejects.toThrow(/LATCHKEY_KMS_URL must say/)
    expect(() => readKeyringFile(path, entropy)).toThrow(/can only be read by it/)
  })
})

describe('a process that holds a wrapped keyring', () => {
  const soon = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 10 })

  it('cannot have it while key management is away, asks for it once, and goes on when that is away later', async () => {
    const { path, kms, tools } = aFolder()
    await createKeyringFileBy(path, tools)
    const told: string[] = []
    const logger = {
      info: (_: object, text: string) => told.push(text),
      error: (_: object, text: string) => told.push(text),
    }
    const options = { entropy, clock, kms, logger, pauseMs: 5 }
    vault.manner('sealed')
    expect(isAway(await followKeyringFile(path, options).catch((thrown: unknown) => thrown))).toBe(true)
    vault.manner('open')
    const followed = await followKeyringFile(path, options)
    endings.push(followed.close)
    const sealed = followed.keyring.seal('data', 'x', 'here')
    const asked = vault.decryptions()
    for (let times = 0; times < 100; times += 1) followed.keyring.open('data', sealed, 'here')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(vault.decryptions()).toBe(asked)

    const [id] = await rotateKeyringFile(path, { kinds: ['data'], makesFrom, now: new Date() }, tools)
    vault.manner('sealed')
    await soon(() => expect(told.some((text) => /the one before is held: .*sealed/.test(text))).toBe(true))
    expect(followed.keyring.open('data', sealed, 'here').toString()).toBe('x')
    vault.manner('open')
    await soon(() => expect(followed.keyring.keyIds('data')).toContain(id))
    expect(followed.keyring.open('data', sealed, 'here').toString()).toBe('x')
  })
})
