/** The vectors for verifiers in other languages, made anew from fixed keys: equal bytes each time. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { anonymous, type Principal } from '@latchkey/principal'
import type { OnBehalf } from '@latchkey/principal/envelope'
import { keyIdOf, principalJwksOf } from '@latchkey/principal/principal-jwks'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { type Forgery, forge, rewritten, unsigned } from './contract/forge.ts'

export interface VectorCase {
  readonly name: string
  readonly envelope: string
  /** When it is opened, in seconds since 1970. */
  readonly now: number
  readonly verdict: 'accepted' | 'refused'
  /** What an accepted one carries. */
  readonly principal?: Principal
  /** What of it is asked for other subgraphs only; empty: nothing. */
  readonly onBehalf?: OnBehalf
}

/** A private key from 32 bytes, all alike (PKCS #8, RFC 8410). */
const keyOf = (byte: number): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  })

const audience = 'orders'
const now = 1_900_000_000
const [current, next, stranger] = [keyOf(1), keyOf(2), keyOf(3)]
const ada = aUser({ userId: 'usr_contract', sessionId: 'ses_contract' })

const made = (forgery: Forgery = {}, by = current) =>
  forge(
    { audience, privateKey: by },
    { ...forgery, claims: { iat: now, exp: now + 60, principal: ada, ...forgery.claims } },
  )

const accepted = async (name: string, principal: Principal, forgery: Forgery = {}, at = now): Promise<VectorCase> => {
  const by = forgery.key === next ? next : current
  const envelope = await made({ claims: { principal, ...forgery.claims } }, by)
  const onBehalf = (forgery.claims?.onBehalf ?? {}) as OnBehalf // as it is given below
  return { name, envelope, now: at, verdict: 'accepted', principal, onBehalf }
}

const refused = async (name: string, envelope: string | Promise<string>, at = now): Promise<VectorCase> => ({
  name,
  envelope: await envelope,
  now: at,
  verdict: 'refused',
})

const forged = (name: string, forgery: Forgery) => refused(name, made(forgery))

export async function makeVectors() {
  const good = await made()
  const publicX = Buffer.from(createPublicKey(current).export({ format: 'jwk' }).x ?? '', 'base64url')
  const cases = await Promise.all([
    accepted('a person', ada),
    accepted(
      'a person with a second factor, and roles',
      aUser({ acr: 'aal2', amr: ['pwd', 'otp'], roles: ['user', 'admin'] }),
    ),
    accepted('staff in a person’s place', aUser({ act: { sub: 'usr_staff', write: false } })),
    accepted('a name outside ASCII', aUser({ userId: 'usr_Ångström' })),
    accepted('a key', anApiKey()),
    accepted('nobody', anonymous),
    accepted('the gateway itself', aService('gateway')),
    accepted('with something asked for another subgraph', ada, { claims: { onBehalf: { billing: ['Order.total'] } } }),
    accepted('by the key that comes next', ada, { key: next }),
    accepted('in its last second', ada, {}, now + 59),
    accepted('past its end, within the leeway', ada, {}, now + 61),
    accepted('from a clock two seconds ahead', ada, { claims: { iat: now + 2, exp: now + 62 } }),
    refused('past its end and the leeway', good, now + 62),
    refused('long past its end', good, now + 86_400),
    refused('before it was made', good, now - 3),
    forged('good for a day, and more than a minute old', { claims: { iat: now - 63, exp: now + 86_400 } }),
    forged('not good yet', { claims: { nbf: now + 3 } }),
    forged('without an end', { claims: { exp: undefined } }),
    forged('without a beginning', { claims: { iat: undefined } }),
    forged('with an end that is no number', { claims: { exp: String(now + 60) } }),
    forged('for another subgraph', { claims: { aud: 'billing' } }),
    forged('for several subgraphs', { claims: { aud: [audience, 'billing'] } }),
    forged('for nobody', { claims: { aud: undefined } }),
    forged('from another issuer', { claims: { iss: 'billing' } }),
    forged('from no issuer', { claims: { iss: undefined } }),
    forged('an access token', { header: { typ: 'at+jwt' } }),
    forged('of no type', { header: { typ: undefined } }),
    forged('with something critical that nobody knows', { header: { crit: ['exp'], exp: now + 60 } }),
    forged('by a key that is not shown, under its name', { key: stranger, header: { kid: keyIdOf(stranger) } }),
    forged('by a key that is not shown, under a known name', { key: stranger }),
    forged('by one key under the name of the other', { header: { kid: keyIdOf(next) } }),
    forged('under no key’s name', { header: { kid: undefined } }),
    forged('MACed with the public key', { key: publicX, header: { alg: 'HS256' } }),
    refused('unsigned', unsigned(good)),
    refused('without its signature', good.replace(/[^.]+$/, '')),
    refused(
      'with another’s signature',
      good.replace(/[^.]+$/, (await made({ claims: { exp: now + 59 } })).split('.')[2] ?? ''),
    ),
    refused(
      'with another principal',
      rewritten(good, 'claims', (text) => text.replace('usr_contract', 'usr_somebody')),
    ),
    refused(
      'with another header',
      rewritten(good, 'header', (text) => text.replace('"alg"', '"ALG":"","alg"')),
    ),
    forged('without a principal', { claims: { principal: undefined } }),
    forged('with an unknown kind of principal', { claims: { principal: { kind: 'root' } } }),
    forged('in which the gateway speaks for another service', { claims: { principal: aService('users') } }),
    refused('empty', ''),
    refused('two parts', 'aaaa.bbbb'),
    refused('four parts', `${good}.aaaa`),
    refused('no JSON in it', 'aaaa.bbbb.cccc'),
  ])
  return {
    audience,
    issuer: 'gateway',
    leewaySeconds: 2,
    lifetimeSeconds: 60,
    jwks: principalJwksOf([current, next]),
    cases,
  }
}
