/** Asks the Users subgraph about trusted devices. */
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import { z } from 'zod'
import { type Asking, usersQuestion } from '../users-question.ts'
import type { DeviceQuestion, DeviceTrust, TrustedDevices } from './trusted-devices.ts'

const asked = '($userId: ID!, $deviceId: ID!, $sessionEpoch: Int!)'
const given = '(userId: $userId, deviceId: $deviceId, sessionEpoch: $sessionEpoch)'
const trust = `mutation TrustDevice${asked} { trustDevice${given} { outcome } }`
const use = `mutation UseTrustedDevice${asked} { useTrustedDevice${given} { outcome } }`

const answer = z.object({ outcome: z.enum(['TRUSTED', 'NOT_TRUSTED']) })

export function usersTrustedDevices(users: SubgraphTransport, logger: Logger): TrustedDevices {
  const ask = usersQuestion(users)

  async function trustBy(query: string, device: DeviceQuestion, asking: Asking): Promise<DeviceTrust> {
    try {
      const { outcome } = await ask({ query, variables: { ...device } }, answer, asking)
      return outcome === 'TRUSTED' ? 'trusted' : 'not trusted'
    } catch (err) {
      logger.warn({ err, requestId: asking.requestId }, 'nobody could say whether a device is trusted')
      return 'not known'
    }
  }

  return {
    async trust(device, asking) {
      await trustBy(trust, device, asking)
    },
    trustIn: (device, asking) => trustBy(use, device, asking),
  }
}
