/** The headers that every answer carries (OWASP ASVS 3.4 and 14). */

const everywhere = [
  'cache-control',
  'no-store',
  'x-content-type-options',
  'nosniff',
  'referrer-policy',
  'no-referrer',
  'cross-origin-resource-policy',
  'same-origin',
] as const

const closedPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/** The Sandbox page brings its own policy with a nonce; this one adds what a `<meta>` cannot say. */
const pagePolicy = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'none'"

export interface StandingHeaders {
  /** Name, value, name, value …: what node:http writes without copying. */
  readonly json: readonly string[]
  readonly page: readonly string[]
}

/** `https`: browsers are told to come back over TLS alone (RFC 6797), as a production origin must be. */
export function standingHeaders(scheme: 'https' | 'any'): StandingHeaders {
  const strict = scheme === 'https' ? ['strict-transport-security', 'max-age=63072000; includeSubDomains'] : []
  const withPolicy = (policy: string) => [...everywhere, ...strict, 'content-security-policy', policy]
  return { json: withPolicy(closedPolicy), page: withPolicy(pagePolicy) }
}
