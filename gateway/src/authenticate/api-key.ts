/** `x-api-key: lk_…`: a program that acts for the owner of a key. */
import { intersectScopes } from '@latchkey/principal'
import type { ApiKeyRecord, GrantsRecord } from '@latchkey/principal/credential-records'
import { createKeyCheck, type KeyCheckDependencies, type RefusedKey } from '@latchkey/principal/key-check'
import { refuseKey } from '@latchkey/principal/key-refusal'
import type { Problem } from '@latchkey/problem'
import type { Caller, RequestHeaders } from '../pipeline.ts'
import type { Recogniser } from './authenticate.ts'
import type { RenewKey } from './key-renewal.ts'
import { oncePerRecords } from './once-per-records.ts'
import { refusedWith } from './refused-key.ts'

export interface ApiKeyDependencies extends KeyCheckDependencies {
  /** Told of each key that is let in. */
  readonly renewKey: RenewKey
}

/**
 * The key's record and its owner's grants are read with every request, in one round trip; what counts is what the key holds and
 * its owner is still permitted. In what order it is judged, `KeyCheck` says.
 */
export function createApiKeyRecogniser(dependencies: ApiKeyDependencies): Recogniser {
  const { renewKey } = dependencies
  const check = createKeyCheck(dependencies)
  const recognise = async (text: Sent, origin: Sent, address: string | undefined): Promise<Caller> => {
    if (typeof text !== 'string') throw refuseKey('CHECKSUM', 'several keys')
    // A browser sends one origin; of several nobody can say whose page it is.
    const checked = await check(text, { address, origin: typeof origin === 'string' ? origin : undefined })
    if (checked.outcome === 'refused') throw problemOf(checked)
    renewKey(checked.key, text)
    return callerByKey(checked.key, checked.grants)
  }
  return ({ 'x-api-key': text, origin }, client) =>
    text === undefined ? null : recognise(text, origin, client?.address)
}

type Sent = RequestHeaders[string]

/** Once the secret has matched, a refusal counts as a use of the key. */
function problemOf({ refusal, key, retryAfterMs }: RefusedKey): Problem {
  const detail = key ? `key ${key.keyId}: ${refusal}` : refusal
  const problem = refuseKey(refusal, detail, retryAfterMs === undefined ? {} : { retryAfterMs })
  return key ? refusedWith(key, problem) : problem
}

/** Who asks with the key: for as long as both records are the same, the same. */
export const callerByKey = oncePerRecords((key: ApiKeyRecord, grants: GrantsRecord) => {
  const { keyId, ownerId, confinement = {} } = key
  const scopes = intersectScopes(key.scopes, grants.scopes)
  return {
    key,
    principal: { kind: 'apiKey', keyId, ownerId, scopes, restrictions: confinement.resources ?? [] },
    ...(key.expiresAtMs !== null && { liveUntilMs: key.expiresAtMs }),
  }
})
