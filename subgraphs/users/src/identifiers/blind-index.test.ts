import { systemEntropy } from '@latchkey/clock'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { describe, expect, it } from 'vitest'
import { rotated } from '../application.fixture.ts'
import { parseEmailAddress } from '../email/email-address.ts'
import { createBlindIndexer } from './blind-index.ts'

const addressOf = (text: string) => parseEmailAddress(text) ?? expect.fail(`${text} is no address`)
const material = newKeyringMaterial(systemEntropy)

describe('the blind index', () => {
  it('is the same for every spelling of an address, and another for another address', () => {
    const indexer = createBlindIndexer(createKeyring(material, systemEntropy))
    const index = indexer.newest(addressOf('Ada@Example.com'))
    expect(indexer.newest(addressOf('ada@example.COM'))).toEqual(index)
    expect(indexer.newest(addressOf('eve@example.com'))).not.toEqual(index)
  })

  it('finds under an older key what was written before a rotation', () => {
    const before = createBlindIndexer(createKeyring(material, systemEntropy))
    const after = createBlindIndexer(createKeyring(rotated(material, 'blind-index'), systemEntropy))
    const address = addressOf('ada@example.com')
    expect(after.newest(address)).not.toEqual(before.newest(address))
    expect(after.every(address)).toEqual([after.newest(address), before.newest(address)])
  })
})
