/** Asks the Users subgraph to tell a person of a new device, as the service `sessions`. */
import type { ServicePrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { TellNewDevice } from './new-device.ts'

const query = 'mutation NoteNewDevice($userId: ID!) { noteNewDevice(userId: $userId) { outcome } }'

const asSessions: ServicePrincipal = { kind: 'service', name: 'sessions', scopes: [] }

export const usersTellNewDevice =
  (users: SubgraphTransport): TellNewDevice =>
  async (userId, { requestId, address, userAgent = '' }) => {
    const client = address === undefined ? undefined : { address, userAgent }
    const { errors } = await users({ query, variables: { userId }, principal: asSessions, requestId, client })
    if (errors && errors.length > 0) throw new Problem('UNAVAILABLE', `users answered ${errors[0]?.message}`)
  }
