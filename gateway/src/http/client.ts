/** What is known of a client besides who asks: where it is, what it says it is, and the device it is known by. */
import type { IncomingMessage } from 'node:http'
import type { Client } from '@latchkey/subgraph/transport'
import type { ClientAddresses } from './client-address.ts'

/** Carries the `deviceToken` of an earlier `SignedIn`. It is judged where somebody signs in, and nowhere else. */
export const deviceHeader = 'x-latchkey-device'

const userAgentMax = 512
/** Twice as long as any that was ever given. */
const deviceTokenMax = 256
const languagesMax = 256

type Sent = Pick<IncomingMessage, 'socket' | 'headers'>

export function createClientReader(addresses: ClientAddresses): (request: Sent) => Client {
  return ({ socket, headers }) => {
    const address = addresses.of(socket.remoteAddress, headers['x-forwarded-for'])
    const userAgent = (headers['user-agent'] ?? '').slice(0, userAgentMax)
    const deviceToken = deviceTokenOf(headers)
    const languages = headers['accept-language']?.slice(0, languagesMax)
    const client = { address, userAgent }
    if (deviceToken === undefined && languages === undefined) return client
    return {
      ...client,
      ...(deviceToken !== undefined && { deviceToken }),
      ...(languages !== undefined && { languages }),
    }
  }
}

/** What is longer than a token can be is none, and is not carried any further. */
function deviceTokenOf({ [deviceHeader]: text }: IncomingMessage['headers']): string | undefined {
  return typeof text === 'string' && text !== '' && text.length <= deviceTokenMax ? text : undefined
}
