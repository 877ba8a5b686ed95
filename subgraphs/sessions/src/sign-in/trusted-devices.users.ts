/** Asks the Users subgraph about trusted devices. */
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import { z } from 'zod'
import { type Asking, usersQuestion } from '../users-question.ts'
import type { DeviceQuestion, TrustedDevices } from './trusted-devices.ts'

const asked = '($userId: ID!, $deviceId: ID!, $sessionEpoch: Int!)'
const given = '(userId: $userId, deviceId: $deviceId, sessionEpoch: $sessionEpoch)'
const trust = `mutation TrustDevice${asked} { trustDevice${given} { outcome } }`
const use = `mutation UseTrustedDevice${asked} { useTrustedDevice${given} { outcome } }`

const answer = z.object({ outcome: z.enum(['TRUSTED', 'NOT_TRUSTED']) })

export function usersTrustedDevices(users: SubgraphTransport, logger: Logger): TrustedDevices {
  const ask = usersQuestion(users)

  async function isSaid(query: string, device: DeviceQuestion, asking: Asking): Promise<boolean> {
    try {
      return (await ask({ query, variables: { ...device } }, answer, asking)).outcome === 'TRUSTED'
    } catch (err) {
      logger.warn({ err, requestId: asking.requestId }, 'nobody could say whether a device is trusted')
      return false
    }
  }

  return {
    async trust(device, asking) {
      await isSaid(trust, device, asking)
    },
    isTrusted: (device, asking) => isSaid(use, device, asking),
  }
}
