/** How presented keys are proved and counted in one process, and how services of other teams ask about them. */
import { verifyScope } from '@latchkey/api-keys'
import { createOpener } from '@latchkey/principal/envelope'
import { createKeyProof, type ProvesKey } from '@latchkey/principal/key-proof'
import { createKeyThrottle, type KeyThrottle } from '@latchkey/principal/key-throttle'
import { wrongKeysIn } from '@latchkey/principal/wrong-keys'
import { memoryWrongKeys } from '@latchkey/principal/wrong-keys.memory'
import { redisWrongKeys } from '@latchkey/principal/wrong-keys.redis'
import type { Subgraph } from '@latchkey/subgraph'
import { operationRoute } from '@latchkey/subgraph/serve'
import type { Foundation } from './foundation.ts'

/** The same at the gateway and where `verifyApiKey` is answered. */
export interface KeyChecking {
  readonly provesKey: ProvesKey
  readonly throttle: KeyThrottle
}

export function keyCheckingOf({
  config,
  redis,
  redisPrefix: prefix,
  secrets,
  clock,
  entropy,
}: Foundation): KeyChecking {
  const { attemptLimits: limits } = config
  const throttle = createKeyThrottle({
    store: redis ? redisWrongKeys({ redis, prefix, entropy }) : memoryWrongKeys({ clock }),
    budget: limits.kind === 'off' ? 'unlimited' : wrongKeysIn(limits.wrongKeysMax),
    peppers: secrets.keyring,
    clock,
  })
  return { throttle, provesKey: createKeyProof(secrets.keyring) }
}

/** In one process ApiKeys has no server of its own: other teams' services ask it beside the gateway, sealed like everywhere. */
export function verifierRoutes({ config: { keyVerifiers: trusted }, clock, logger }: Foundation, apiKeys: Subgraph) {
  const names = Object.keys(trusted)
  if (names.length === 0) return {}
  const granted = Object.fromEntries(names.map((name) => [name, [verifyScope]]))
  const open = createOpener({ audience: apiKeys.name, trusted, granted, clock })
  return { '/services/api-keys': operationRoute(apiKeys, { open, logger }) }
}
