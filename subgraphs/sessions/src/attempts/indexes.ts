/** What identifiers, networks and accounts are counted under: MACs, so that nothing that is kept of tries names anyone. */
import type { Keyring, Purpose } from '@latchkey/secrets'
import { clientNetwork } from '@latchkey/subgraph/network'
import { normalIdentifier } from './identifier.ts'

/** One thing under the newest key, which is written, and under every key, which is looked for. Each is `keyId.mac`. */
export interface KeyedIndex {
  readonly newest: string
  every(): readonly string[]
}

export interface Indexes {
  /** The same for every spelling of an identifier. */
  identifier(typed: string): KeyedIndex
  /** The same for all addresses that count as one network. */
  network(address: string | undefined): KeyedIndex
  account(userId: string): KeyedIndex
}

const purpose: Purpose = 'identifier'

export function createIndexes(keyring: Pick<Keyring, 'mac' | 'macWith' | 'keyIds'>): Indexes {
  const write = (keyId: string, mac: Buffer) => `${keyId}.${mac.toString('base64url')}`

  function indexOf(message: string): KeyedIndex {
    const { keyId, mac } = keyring.mac(purpose, message)
    return {
      newest: write(keyId, mac),
      every: () =>
        keyring.keyIds(purpose).flatMap((id) => {
          const known = keyring.macWith(purpose, id, message)
          return known ? [write(id, known)] : []
        }),
    }
  }

  return {
    identifier: (typed) => indexOf(`attempted ${normalIdentifier(typed)}`),
    network: (address) => indexOf(`network ${clientNetwork(address)}`),
    account: (userId) => indexOf(`account ${userId}`),
  }
}
