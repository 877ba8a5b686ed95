/** Which routers may ask: whoever holds an envelope can show it to a subgraph, so nobody gets one that was not named for it. */
import type { Clock } from '@latchkey/clock'
import { createOpener, envelopeHeader } from '@latchkey/principal/envelope'
import type { TrustedServices } from '@latchkey/principal/trusted-services'
import { Problem } from '@latchkey/problem'
import { ownSubgraphName } from '../explain/subgraph.ts'
import type { RequestHeaders } from '../pipeline.ts'

/** Resolves for a router that is trusted. Rejects with FORBIDDEN, for the reason ROUTER_REFUSED, for everybody else. */
export type RouterCheck = (headers: RequestHeaders) => Promise<void>

/** A router proves itself as every service does: by an envelope that it sealed for the gateway, with its own key and name. */
export function createRouterCheck(routers: TrustedServices, clock: Clock): RouterCheck {
  const open = createOpener({ audience: ownSubgraphName, trusted: routers, clock })
  return async ({ [envelopeHeader]: envelope }) => {
    if (typeof envelope !== 'string') throw refused('no envelope')
    await open(envelope).catch((cause: unknown) => {
      throw refused(cause instanceof Problem ? (cause.detail ?? cause.code) : String(cause), cause)
    })
  }
}

// Not CREDENTIAL_REJECTED: a router that passes it on would make its clients throw away sessions that are good.
const refused = (why: string, cause?: unknown): Problem =>
  new Problem(
    'FORBIDDEN',
    `router: ${why}`,
    { reason: 'ROUTER_REFUSED', message: 'Credentials are exchanged for routers that this gateway was told to trust.' },
    { cause },
  )
