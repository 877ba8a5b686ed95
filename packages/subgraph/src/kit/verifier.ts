/** Who is asking, for a subgraph of any kind: takes the headers of a request and gives the principal that a gateway sealed. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { type Clock, systemClock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { createOpener, envelopeHeader, type Opener } from '@latchkey/principal/envelope'
import { createRemoteKeys, fetchKeysFrom, type KeyFinder } from '@latchkey/principal/remote-keys'
import { Problem } from '@latchkey/problem'

/**
 * Whose word counts. `jwksUrl`: where the gateway shows its keys, `…/.well-known/principal-jwks.json`; they are kept for a minute, and
 * one that is new is found by its id, asked for at most every 30 seconds. `publicKey`: the gateway's key itself (SPKI, base64), as
 * `npm run latchkey -- keyring public-key gateway` prints it.
 */
export type Trust = { readonly jwksUrl: string } | { readonly publicKey: string }

export interface VerifierOptions {
  /** The name of the subgraph in the supergraph: an envelope for another one is refused. */
  readonly audience: string
  readonly trust: Trust
  readonly clock?: Clock
}

/** Headers as Node, Express and Fastify have them, or as `fetch` does (Yoga). */
export type AnyHeaders = Readonly<Record<string, string | readonly string[] | undefined>> | Pick<Headers, 'get'>

/**
 * The principal. Rejects with CREDENTIAL_REJECTED (401) when there is no envelope or it is not good for this subgraph, and with
 * UNAVAILABLE (503) when the gateway's keys cannot be had.
 */
export type PrincipalVerifier = (headers: AnyHeaders) => Promise<Principal>

/** An envelope is a few hundred bytes, and some thousand for who holds many scopes; what is longer is not looked at. */
const envelopeLengthMax = 16_384

const issuer = 'gateway'

/** Opens what stands in the header `latchkey-principal`. */
export function createEnvelopeOpener({ audience, trust, clock = systemClock }: VerifierOptions): Opener {
  const open = createOpener({ audience, trusted: { [issuer]: keysOf(trust, clock) }, clock })
  return async (envelope) => {
    if (envelope.length > envelopeLengthMax) throw new Problem('CREDENTIAL_REJECTED', 'the envelope is too long')
    return open(envelope)
  }
}

export function createPrincipalVerifier(options: VerifierOptions): PrincipalVerifier {
  const open = createEnvelopeOpener(options)
  return async (headers) => {
    const envelope = envelopeIn(headers)
    if (typeof envelope !== 'string') throw new Problem('CREDENTIAL_REJECTED', 'there is no sealed principal')
    return (await open(envelope)).principal
  }
}

const envelopeIn = (headers: AnyHeaders): unknown =>
  typeof headers.get === 'function' ? headers.get(envelopeHeader) : Reflect.get(headers, envelopeHeader)

function keysOf(trust: Trust, clock: Clock): KeyObject | KeyFinder {
  if ('publicKey' in trust) return publicKeyOf(trust.publicKey)
  return createRemoteKeys({ fetchKeys: fetchKeysFrom(trust.jwksUrl), clock })
}

function publicKeyOf(text: string): KeyObject {
  const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('trust.publicKey must be an Ed25519 key (SPKI, base64)')
  return key
}
