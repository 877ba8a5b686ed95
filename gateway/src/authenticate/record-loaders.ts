/** Credential records that the shared store has not heard of, asked of the subgraphs that own them. Those leave them in the store. */
import type { ServicePrincipal } from '@latchkey/principal'
import type { ApiKeyRecord, GrantsRecord } from '@latchkey/principal/credential-records'
import type { LoadUsesSpent, UsesSpent } from '@latchkey/principal/key-budgets'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'

/** `null` when there is no such account. */
export type LoadGrants = (userId: string) => Promise<GrantsRecord | null>
/** `null` when there is no such key. */
export type LoadApiKey = (keyId: string) => Promise<ApiKeyRecord | null>

export interface RecordLoaders {
  /** What was written down of a key's uses: asked when the shared store has lost count. */
  readonly loadUsesSpent: LoadUsesSpent
  readonly loadGrants: LoadGrants
  readonly loadApiKey: LoadApiKey
}

const gateway: ServicePrincipal = Object.freeze({ kind: 'service', name: 'gateway', scopes: Object.freeze([]) })

const grantsQuery = `query GatewayGrants($id: ID!) {
  grants(userId: $id) { userId epoch active activeFrom activeUntil roles scopes sessionEpoch sessionKept keysDoubted }
}`
const apiKeyQuery = `query GatewayApiKey($id: ID!) {
  apiKeyRecord(id: $id) {
    keyId version ownerId secretMac pepperId scopes confinement environment expiresAt disabledAt revokedAt successorId
  }
}`

const usesSpentQuery = `query GatewayUsesSpent($id: ID!) { apiKeyUsesSpent(id: $id) { issue periodMs spent } }`

/** `ApiKeyRecord` as the schema writes it: its times and its confinement are texts. */
interface ApiKeyAnswer extends Omit<ApiKeyRecord, 'confinement' | 'expiresAtMs' | 'disabledAtMs' | 'revokedAtMs'> {
  /** JSON text. */
  readonly confinement: string
  readonly expiresAt: string | null
  readonly disabledAt: string | null
  readonly revokedAt: string | null
}

/** `Grants` as the schema writes it. */
interface GrantsAnswer extends Omit<GrantsRecord, 'activeFromMs' | 'activeUntilMs'> {
  readonly activeFrom: string | null
  readonly activeUntil: string | null
}

/** `transports` by subgraph name. What is asked rejects with UNAVAILABLE when the subgraph does not answer. */
export function createRecordLoaders(transports: Readonly<Record<string, SubgraphTransport>>): RecordLoaders {
  const ask = async <Answer>(subgraph: string, query: string, field: string, id: string): Promise<Answer | null> => {
    const transport = transports[subgraph]
    if (!transport) throw new Problem('UNAVAILABLE', `no transport leads to ${subgraph}`)
    const { data, errors } = await transport({
      query,
      variables: { id },
      principal: gateway,
      requestId: `gateway-${field}`,
    })
    if (errors && errors.length > 0) throw new Problem('UNAVAILABLE', `${subgraph}: ${errors[0]?.message}`)
    return (data?.[field] ?? null) as Answer | null // as the subgraph's schema says
  }
  return {
    loadUsesSpent: (keyId) => ask<UsesSpent>('api-keys', usesSpentQuery, 'apiKeyUsesSpent', keyId),
    async loadGrants(userId) {
      const answer = await ask<GrantsAnswer>('users', grantsQuery, 'grants', userId)
      if (!answer) return null
      const { activeFrom, activeUntil, ...record } = answer
      return { ...record, activeFromMs: momentOf(activeFrom), activeUntilMs: momentOf(activeUntil) }
    },
    async loadApiKey(keyId) {
      const answer = await ask<ApiKeyAnswer>('api-keys', apiKeyQuery, 'apiKeyRecord', keyId)
      if (!answer) return null
      const { confinement, expiresAt, disabledAt, revokedAt, ...record } = answer
      const moments = { expiresAtMs: momentOf(expiresAt), disabledAtMs: momentOf(disabledAt) }
      return { ...record, ...moments, confinement: JSON.parse(confinement), revokedAtMs: momentOf(revokedAt) }
    },
  }
}

const momentOf = (text: string | null): number | null => (text === null ? null : Date.parse(text))
