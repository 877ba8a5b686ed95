/** Access tokens: short-lived JWTs that name a session (RFC 9068). The only home of jose. */
import type { KeyObject } from 'node:crypto'
import { type Clock, type Entropy, minuteMs, newId, secondMs } from '@latchkey/clock'
import { provedBy, type SessionRecord } from '@latchkey/principal/credential-records'
import { SignJWT } from 'jose'

/** Who accepts our access tokens, and the client they are issued to: every client of the graph is one. */
const audience = 'latchkey'
const lifetimeMs = 10 * minuteMs
// Up to 5 % shorter, so that clients that signed in together do not refresh together.
const jitterMaxMs = lifetimeMs / 20

/** The key that signs now. */
export interface TokenSigner {
  readonly kid: string
  readonly privateKey: KeyObject
}

export interface AccessTokenTerms {
  readonly issuer: string
  readonly clock: Clock
  readonly entropy: Entropy
}

function jitterMs(entropy: Entropy): number {
  const [high = 0, low = 0] = entropy.bytes(2)
  return ((high * 256 + low) / 65_536) * jitterMaxMs
}

/** In seconds since 1970. Never later than the session itself; with it where there is nothing to refresh it with. */
function expiryOf({ endsAtMs, act }: SessionRecord, { clock, entropy }: AccessTokenTerms): number {
  if (act) return Math.floor(endsAtMs / secondMs)
  const chosenMs = clock.now().getTime() + lifetimeMs - jitterMs(entropy)
  return Math.floor(Math.min(chosenMs, endsAtMs) / secondMs)
}

/** A token of this session, EdDSA, and when it ends. It carries no scopes: those are decided anew with every request. */
export async function signAccessToken(
  session: SessionRecord,
  signer: TokenSigner,
  terms: AccessTokenTerms,
): Promise<{ accessToken: string; expiresAt: Date }> {
  const { sessionId: sid, userId, authTimeMs, act } = session
  const { amr, acr } = provedBy(session, terms.clock.now().getTime())
  const exp = expiryOf(session, terms)
  const claims = { sid, amr, acr, auth_time: Math.floor(authTimeMs / secondMs), client_id: audience }
  const actor = act && { act: { sub: act.sub } }
  const accessToken = await new SignJWT({ ...claims, ...actor })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: signer.kid })
    .setIssuer(terms.issuer)
    .setAudience(audience)
    .setSubject(userId)
    .setJti(newId(terms.entropy, 'tok'))
    .setIssuedAt(Math.floor(terms.clock.now().getTime() / secondMs))
    .setExpirationTime(exp)
    .sign(signer.privateKey)
  return { accessToken, expiresAt: new Date(exp * secondMs) }
}
