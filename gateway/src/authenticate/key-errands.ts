/** What ApiKeys is asked to do with a text that was presented: it is sent there and nowhere else, and never logged. */
import type { ServicePrincipal } from '@latchkey/principal'
import { isProblemCode, Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'

/** A key under the pepper that it stands under now. */
export interface HashedKey {
  readonly keyId: string
  readonly pepperId: string
}

/** Each resolves with `null` when the text is not that of a key; rejects with RATE_LIMITED or UNAVAILABLE. */
export interface KeyErrands {
  /** Whose text it is, of the keys that came from other systems. */
  recogniseForeignKey(text: string): Promise<HashedKey | null>
  /** Has the key kept under the newest pepper. */
  rehashApiKey(keyId: string, text: string): Promise<HashedKey | null>
}

const gateway: ServicePrincipal = Object.freeze({ kind: 'service', name: 'gateway', scopes: Object.freeze([]) })

const recognise = 'mutation GatewayForeignKey($text: String!) { recogniseForeignKey(text: $text) { keyId pepperId } }'
const rehash = `mutation GatewayRehash($input: RehashApiKeyInput!) { rehashApiKey(input: $input) { keyId pepperId } }`

/** `transports` by subgraph name. */
export function createKeyErrands(transports: Readonly<Record<string, SubgraphTransport>>): KeyErrands {
  async function ask(query: string, field: string, variables: Record<string, unknown>): Promise<HashedKey | null> {
    const transport = transports['api-keys']
    if (!transport) throw new Problem('UNAVAILABLE', 'no transport leads to api-keys')
    const { data, errors } = await transport({ query, variables, principal: gateway, requestId: `gateway-${field}` })
    const [error] = errors ?? []
    if (error) throw problemOf(error.extensions ?? {}, error.message)
    return (data?.[field] ?? null) as HashedKey | null // as the subgraph's schema says
  }
  return {
    recogniseForeignKey: (text) => ask(recognise, 'recogniseForeignKey', { text }),
    rehashApiKey: (keyId, text) => ask(rehash, 'rehashApiKey', { input: { keyId, text } }),
  }
}

/** That too many are tried is for the caller to know; whatever else went wrong is not theirs. */
function problemOf({ code, retryAfterMs }: Readonly<Record<string, unknown>>, message: string): Problem {
  if (!isProblemCode(code) || code !== 'RATE_LIMITED') return new Problem('UNAVAILABLE', `api-keys: ${message}`)
  return new Problem(code, `api-keys: ${message}`, typeof retryAfterMs === 'number' ? { retryAfterMs } : {})
}
