/** A checkpoint: where chains stood at a time, as a text to be kept elsewhere. The past up to it can be proved with it alone. */
import type { Place } from './link.ts'

/** Where one chain stood. */
export interface ChainPlace extends Place {
  readonly chain: string
}

/** By their place in this list: it is only ever added to. */
const chains = ['users', 'sessions', 'api-keys']

const placeBytes = 1 + 6 + 32

/** Hex: for each chain its number, how many records it held, and the hash of all of them. */
export const writeCheckpoint = (places: readonly ChainPlace[]): string =>
  Buffer.concat(
    places.map(({ chain, seq, hash }) => {
      const start = Buffer.alloc(7)
      start.writeUInt8(chains.indexOf(chain), 0)
      start.writeUIntBE(seq, 1, 6)
      return Buffer.concat([start, hash])
    }),
  ).toString('hex')

/** `null`: no checkpoint. */
export function readCheckpoint(text: string): readonly ChainPlace[] | null {
  const bytes = Buffer.from(text, 'hex')
  if (text.length !== bytes.length * 2 || bytes.length === 0 || bytes.length % placeBytes !== 0) return null
  if (bytes.length > placeBytes * chains.length) return null
  const places = Array.from({ length: bytes.length / placeBytes }, (_, index) => {
    const part = bytes.subarray(index * placeBytes, (index + 1) * placeBytes)
    return { chain: chains[part.readUInt8(0)] ?? '', seq: part.readUIntBE(1, 6), hash: part.subarray(7) }
  })
  return places.every(({ chain }) => chain !== '') ? places : null
}
