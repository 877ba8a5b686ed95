/** Tokens that were made or altered by whoever sends them. */
import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { each, probe, refusedWith } from '../probe.ts'
import { bearer, type Target } from '../target.ts'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const stranger = generateKeyPairSync('ed25519').privateKey

async function forgeries({ send }: Target, token: string): Promise<Readonly<Record<string, string>>> {
  const [header = '', , signature = ''] = token.split('.')
  const claims = decodeJwt(token)
  const protectedHeader = { ...decodeProtectedHeader(token), alg: 'EdDSA' }
  const { text } = await send({ method: 'GET', path: '/.well-known/jwks.json', headers: {} })
  const [key = {}] = (JSON.parse(text) as { keys: JsonWebKey[] }).keys
  const pem = createPublicKey({ key, format: 'jwk' }).export({ format: 'pem', type: 'spki' })
  const sign = (changed: object, more: object = {}) =>
    new SignJWT({ ...claims, ...changed }).setProtectedHeader({ ...protectedHeader, ...more }).sign(stranger)
  return {
    'without a signature': `${encode({ ...protectedHeader, alg: 'none' })}.${encode(claims)}.`,
    'with another person inside': `${header}.${encode({ ...claims, sub: 'usr_1' })}.${signature}`,
    'with more scopes inside': `${header}.${encode({ ...claims, scope: 'users:read users:write' })}.${signature}`,
    'signed by a stranger': await sign({}),
    'signed by a stranger who brings the key along': await sign(
      {},
      { jwk: { kty: 'OKP' }, jku: 'https://evil.example/jwks' },
    ),
    'for another audience': await sign({ aud: 'billing' }),
    'that never ends': await sign({ exp: 99_999_999_999 }),
    'made with the public key as a shared secret': await new SignJWT(claims)
      .setProtectedHeader({ ...protectedHeader, alg: 'HS256' })
      .sign(Buffer.from(pem)),
    'with its signature cut short': token.slice(0, -4),
  }
}

export const tokens = [
  probe('tokens that were forged or altered are refused', async (target) => {
    if (!target.people) return { leftOut: 'nobody to sign in' }
    const forged = await forgeries(target, target.people[0])
    return each(
      Object.entries(forged),
      async ([, token]) => refusedWith(await target.ask('{ me { id } }', {}, bearer(token)), 'CREDENTIAL_REJECTED'),
      ([name]) => name,
    )
  }),
  probe('one kind of credential is not taken for another', async (target) => {
    if (!target.people) return { leftOut: 'nobody to sign in' }
    const [token] = target.people
    const confused: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
      [{ 'x-api-key': token }, 'CREDENTIAL_REJECTED'],
      [{ authorization: `Basic ${Buffer.from(token).toString('base64')}` }, 'CREDENTIAL_REJECTED'],
      [{ authorization: token }, 'CREDENTIAL_REJECTED'],
      [{ 'latchkey-principal': token }, 'UNAUTHENTICATED'],
      [{ 'x-latchkey-device': token }, 'UNAUTHENTICATED'],
    ]
    return each(
      confused,
      async ([headers, code]) => refusedWith(await target.ask('{ me { id } }', {}, headers), code),
      ([headers]) => Object.keys(headers).join(', '),
    )
  }),
  probe('a token in the address counts for nothing', async ({ send, people }) => {
    if (!people) return { leftOut: 'nobody to sign in' }
    const path = `/graphql?access_token=${people[0]}`
    return refusedWith(await send({ path, body: '{"query":"{ me { id } }"}' }), 'UNAUTHENTICATED')
  }),
]
