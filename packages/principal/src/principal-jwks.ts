/** The keys that envelopes are sealed with, as a gateway shows them to every subgraph, in whatever language (JWKS, RFC 7517). */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Where a gateway shows them. */
export const principalJwksPath = '/.well-known/principal-jwks.json'

export interface PrincipalJwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
  readonly kid: string
  readonly use: 'sig'
  readonly alg: 'EdDSA'
}

/** For so long a reader may keep them: a key that is new to it makes it ask again. */
const maxAgeS = 60

const publicPartOf = (key: KeyObject): string => {
  const { crv, x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  if (crv !== 'Ed25519' || x === undefined) throw new Error('envelopes are sealed with an Ed25519 key')
  return x
}

/** What a key is called in the header of an envelope: its thumbprint (RFC 7638), so that nobody has to name it. */
export const keyIdOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: publicPartOf(key) }))
    .digest('base64url')

/** Of a private key its public part. */
export const principalJwksOf = (keys: readonly KeyObject[]): { readonly keys: readonly PrincipalJwk[] } => ({
  keys: keys.map((key) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    x: publicPartOf(key),
    kid: keyIdOf(key),
    use: 'sig',
    alg: 'EdDSA',
  })),
})

/** Answers anyone who asks for the keys, as they are at that moment. */
export function principalJwksRoute(keysNow: () => readonly KeyObject[]) {
  let shown: { readonly keys: readonly KeyObject[]; readonly text: string } | undefined
  function textNow(): string {
    const keys = keysNow()
    if (shown?.keys !== keys) shown = { keys, text: JSON.stringify(principalJwksOf(keys)) }
    return shown.text
  }
  return ({ method }: IncomingMessage, response: ServerResponse): void => {
    const text = textNow()
    if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end()
      return
    }
    response.writeHead(200, {
      'content-type': 'application/jwk-set+json',
      'content-length': Buffer.byteLength(text),
      'cache-control': `public, max-age=${maxAgeS}`,
    })
    response.end(method === 'HEAD' ? undefined : text)
  }
}
