/** Where a request came from, told from process to process: believed only beside a good envelope. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Client } from './transport.ts'

const name = 'latchkey-client'
const addressMax = 64
const userAgentMax = 512
const tokenMax = 256
const languagesMax = 256

/** The header for a client that is known; nothing for one that is not. */
export const clientHeader = (client: Client | undefined): Readonly<Record<string, string>> =>
  client ? { [name]: clientHeaderText(client) } : {}

export const clientHeaderText = (client: Client): string =>
  Buffer.from(JSON.stringify(partsOf(client))).toString('base64url')

/** For every subgraph but the one that judges them. */
export const withoutTokens = ({ deviceToken: _device, refreshToken: _refresh, ...known }: Client): Client => known

const partsOf = ({ address, userAgent, deviceToken, languages, refreshToken }: Client) => [
  address,
  userAgent,
  deviceToken,
  languages,
  refreshToken,
]

/** `undefined` when there is none, or none that can be read. */
export function clientOf({ [name]: text }: IncomingHttpHeaders): Client | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const parts: unknown[] = JSON.parse(Buffer.from(text, 'base64url').toString())
    const [address, userAgent, deviceToken, languages, refreshToken] = parts
    if (typeof address !== 'string' || typeof userAgent !== 'string') return undefined
    return {
      address: address.slice(0, addressMax),
      userAgent: userAgent.slice(0, userAgentMax),
      ...(isToken(deviceToken) && { deviceToken }),
      ...(typeof languages === 'string' && { languages: languages.slice(0, languagesMax) }),
      ...(isToken(refreshToken) && { refreshToken }),
    }
  } catch {
    return undefined
  }
}

const isToken = (sent: unknown): sent is string => typeof sent === 'string' && sent.length <= tokenMax
