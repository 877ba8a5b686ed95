import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wrappingOf } from '@latchkey/secrets/file'
import { openVault, type Vault } from '@latchkey/secrets/vault.fixture'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyring } from '../commands/keyring.ts'
import { secrets } from '../commands/secrets.ts'

let vault: Vault
beforeAll(async () => {
  vault = await openVault()
})
afterAll(() => vault.close())

function aPlace() {
  const folder = mkdtempSync(join(tmpdir(), 'wrap-'))
  const file = join(folder, 'keyring.json')
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, vault.token)
  const plain = { LATCHKEY_DATA_DIR: folder, LATCHKEY_KEYRING_FILE: file }
  const wrapping = { LATCHKEY_KMS_URL: vault.url, LATCHKEY_KMS_TOKEN_FILE: tokenFile }
  return { folder, file, tokenFile, plain, environment: { ...plain, ...wrapping } }
}

describe('secrets wrap', () => {
  it('wraps a plain keyring in its place, and anew when the key there has a new version', async () => {
    const { file, plain, environment } = aPlace()
    await keyring.run(['create', file], plain)
    const key = await keyring.run(['public-key', 'gateway'], plain)
    expect(await secrets.run(['wrap'], environment)).toMatch(/is wrapped by Vault's key.*vault:v1.*rotate all secrets/)
    expect(JSON.parse(readFileSync(file, 'utf8'))).not.toHaveProperty('secrets')
    expect(await keyring.run(['public-key', 'gateway'], environment)).toBe(key)
    vault.rotate()
    expect(await secrets.run(['wrap'], environment)).toMatch(/\(vault:v2\)\. It was under vault:v1\./)
  })

  it('changes nothing without key management, or while it cannot be had, and says what to do', async () => {
    const { file, plain, environment, tokenFile } = aPlace()
    await keyring.run(['create', file], plain)
    const before = readFileSync(file, 'utf8')
    await expect(secrets.run(['wrap'], plain)).rejects.toThrow(/set LATCHKEY_KMS_URL/)
    writeFileSync(tokenFile, 'hvs.other')
    await expect(secrets.run(['wrap'], environment)).rejects.toThrow(
      /look at the token and its policy. Nothing was changed/,
    )
    await expect(secrets.run(['wrap'], { ...plain, LATCHKEY_KMS_URL: 'https://x' })).rejects.toThrow(
      /LATCHKEY_KMS_URL must be/,
    )
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})

it('a keyring is made, sliced and rotated wrapped where there is key management', async () => {
  const { folder, file, environment } = aPlace()
  const part = join(folder, 'users.json')
  expect(await keyring.run(['create', file], environment)).toMatch(/without which nobody reads it/)
  await keyring.run(['slice', file, 'users', part], environment)
  expect(await secrets.run(['rotate', 'data', 'password'], environment)).toMatch(/^data\/\w+, password\/\w+ added/)
  expect([wrappingOf(file), wrappingOf(part)]).toEqual(['vault:v2', 'vault:v2'])
})
