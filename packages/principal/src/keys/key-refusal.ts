/** Why a key is refused: the closed list, in the order in which it is judged, and what its holder is told. */
import { Problem, type ProblemFacts } from '@latchkey/problem'

/**
 * Of several reasons the earliest is told (K10). Up to NOT_FOUND nothing is said that depends on whether such a key exists; from
 * then on the secret has matched, and its holder may know. REVOKED, ROTATED and EXPIRED are one place in the order: of them the one
 * that says most.
 */
export const keyRefusals = {
  CHECKSUM: { code: 'CREDENTIAL_REJECTED', message: 'This is not the text of a key. Copy the whole key again.' },
  THROTTLED: { code: 'RATE_LIMITED', message: 'Too many wrong keys came from this network. Wait before the next one.' },
  NOT_FOUND: {
    code: 'CREDENTIAL_REJECTED',
    message: 'There is no such key here. Check that it belongs to this environment, live or test, and copy it again.',
  },
  DISABLED: {
    code: 'CREDENTIAL_REJECTED',
    message: 'This key is disabled. Its owner takes it up again with `enableApiKey`.',
  },
  OWNER_SUSPENDED: {
    code: 'CREDENTIAL_REJECTED',
    message: 'The account that this key acts for is not active, or its keys are withheld. Ask its owner.',
  },
  REVOKED: { code: 'CREDENTIAL_REJECTED', message: 'This key was revoked. Make a new one with `createApiKey`.' },
  ROTATED: {
    code: 'CREDENTIAL_REJECTED',
    message: 'This key was rotated and its overlap is over. Use the key that took its place.',
  },
  EXPIRED: { code: 'CREDENTIAL_REJECTED', message: 'This key has expired. Make a new one with `createApiKey`.' },
  IP_DENIED: {
    code: 'FORBIDDEN',
    message: 'This key does not work from this network. Its owner changes `networks` with `updateApiKey`.',
  },
  ORIGIN_DENIED: {
    code: 'FORBIDDEN',
    message: 'This key works for its own web origins alone. Its owner changes `origins` with `updateApiKey`.',
  },
  ACL_DENIED: {
    code: 'FORBIDDEN',
    message: 'This key may not ask this. Its owner changes what it may ask with `updateApiKey`.',
  },
  SCOPE_DENIED: {
    code: 'FORBIDDEN',
    message: 'This key lacks a scope, or its owner does. Use one that holds the scopes named in the schema.',
  },
  RATE_LIMITED: { code: 'RATE_LIMITED', message: 'This key has used up its rate limit. Wait before the next request.' },
  USAGE_EXCEEDED: { code: 'RATE_LIMITED', message: 'This key has no uses left. Its owner gives it more.' },
} as const

export type KeyRefusal = keyof typeof keyRefusals

/** What the gateway answers: `extensions.reason` is the code of the list. `detail` is for the log. */
export function refuseKey(
  refusal: KeyRefusal,
  detail?: string,
  facts: Pick<ProblemFacts, 'retryAfterMs'> = {},
): Problem {
  const { code, message } = keyRefusals[refusal]
  return new Problem(code, detail, { ...facts, message, reason: refusal })
}
