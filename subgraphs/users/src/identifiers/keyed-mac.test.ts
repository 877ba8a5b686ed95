import { systemEntropy } from '@latchkey/clock'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { expect, it } from 'vitest'
import { everyMac, macColumns, newestMac } from './keyed-mac.ts'

const keyring = createKeyring(newKeyringMaterial(systemEntropy), systemEntropy)

it('makes the same MAC of a message under the same key', () => {
  const newest = newestMac(keyring, 'blind-index', 'ada')
  expect(everyMac(keyring, 'blind-index', 'ada')).toEqual([newest])
  expect(macColumns([newest])).toEqual([[newest.keyId], [newest.mac]])
})

it('passes over a key that is no longer there', () => {
  const without = { ...keyring, macWith: () => null }
  expect(everyMac(without, 'blind-index', 'ada')).toEqual([])
})
