import { systemEntropy as entropy } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { newKeyringMaterial } from './keyring.ts'
import { type KeyringFile, partOf, services } from './keyring-file.ts'
import { newServiceKey, secretKinds, standingsOf, withNewVersion, withoutVersion } from './rotation.ts'

const now = new Date('2030-01-01T00:00:00Z')
const later = new Date('2030-01-01T00:05:00Z')
const file: KeyringFile = {
  format: 1,
  secrets: Object.fromEntries(Object.entries(newKeyringMaterial(entropy)).map(([kind, all]) => [kind, [...all]])),
  services: Object.fromEntries(services.map((name) => [name, [{ id: 'first', ...newServiceKey() }]])),
}

describe.each(secretKinds)('a new version of %s', (kind) => {
  const rotated = withNewVersion(file, kind, { makesFrom: later, entropy }, now)
  const oldId = standingsOf(file, kind, now)[0]?.id

  it('waits while the old one makes, and makes from its moment on', () => {
    const states = (at: Date) => standingsOf(rotated.file, kind, at).map(({ id, state }) => [id, state])
    expect(states(new Date(later.getTime() - 1))).toEqual([
      [rotated.id, 'waits'],
      [oldId, 'makes'],
    ])
    expect(states(later)).toEqual([
      [rotated.id, 'makes'],
      [oldId, 'reads'],
    ])
    expect(standingsOf(rotated.file, kind, later)[1]?.replacedAt).toEqual(later)
  })

  it('is not followed by another while it waits', () => {
    expect(() => withNewVersion(rotated.file, kind, { makesFrom: later, entropy }, now)).toThrow(/waits to take over/)
    expect(withNewVersion(rotated.file, kind, { makesFrom: later, entropy }, later).id).not.toBe(rotated.id)
  })

  it('can go when another makes, and not before', () => {
    expect(() => withoutVersion(rotated.file, kind, rotated.id, now)).toThrow(/has not begun/)
    expect(() => withoutVersion(rotated.file, kind, oldId ?? '', now)).toThrow(/makes what is new/)
    expect(() => withoutVersion(rotated.file, kind, 'nobody', later)).toThrow(/holds no/)
    const without = withoutVersion(rotated.file, kind, oldId ?? '', later)
    expect(standingsOf(without, kind, later).map(({ id }) => id)).toEqual([rotated.id])
    expect(() => withoutVersion(without, kind, rotated.id, later)).toThrow(/makes what is new/)
  })

  it('changes nothing else', () => {
    for (const other of secretKinds.filter((one) => one !== kind))
      expect(standingsOf(rotated.file, other, later)).toEqual(standingsOf(file, other, later))
  })
})

it('the part of a service is not rotated: the others would not have the version', () => {
  expect(() => withNewVersion(partOf(file, 'users'), 'data', { makesFrom: later, entropy }, now)).toThrow(
    /slice it anew/,
  )
})
