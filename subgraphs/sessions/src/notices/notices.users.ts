/** Asks the Users subgraph to tell a person of what was seen here, as the service `sessions`. */
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { TellNewDevice } from '../login-attempts/new-device.ts'
import type { TellReusedToken } from '../tokens/reused-token.ts'
import { asSessions } from '../users-question.ts'

const newDevice = 'mutation NoteNewDevice($userId: ID!) { noteNewDevice(userId: $userId) { outcome } }'
const reusedToken = 'mutation NoteReusedToken($userId: ID!) { noteReusedToken(userId: $userId) { outcome } }'

const usersTell =
  (query: string) =>
  (users: SubgraphTransport): TellNewDevice & TellReusedToken =>
  async (userId, { requestId, address, userAgent = '' }) => {
    const client = address === undefined ? undefined : { address, userAgent }
    const { errors } = await users({ query, variables: { userId }, principal: asSessions, requestId, client })
    if (errors && errors.length > 0) throw new Problem('UNAVAILABLE', `users answered ${errors[0]?.message}`)
  }

export const usersTellNewDevice = usersTell(newDevice)
export const usersTellReusedToken = usersTell(reusedToken)
