import { generateKeyPairSync } from 'node:crypto'
import { minuteMs, systemEntropy } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import type { SessionRecord } from '@latchkey/principal/credential-records'
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { signAccessToken } from './access-token.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const nowMs = clock.now().getTime()
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const signer = { kid: 'sig_1', privateKey }
const session: SessionRecord = {
  ...{ sessionId: 'ses_1', userId: 'usr_ada', amr: ['pwd', 'otp'], acr: 'aal2', device: 'Firefox on Linux' },
  ...{ authTimeMs: nowMs - 90_500, createdAtMs: nowMs, lastSeenAtMs: nowMs, endsAtMs: nowMs + 1e9 },
}
// Two bytes decide the jitter; ids are drawn in longer pieces.
const entropyOf = (byte: number) => ({
  bytes: (length: number) => new Uint8Array(length).fill(length === 2 ? byte : 1),
})
const sign = (from = session, byte = 0) =>
  signAccessToken(from, signer, { issuer: 'https://id.example.org', clock, entropy: entropyOf(byte) })

it('names session, person and what was proved, and carries no scopes', async () => {
  const { accessToken, expiresAt } = await sign()
  const { jti, ...claims } = decodeJwt(accessToken)
  expect(jti).toMatch(/^tok_/)
  expect(claims).toEqual({
    ...{ iss: 'https://id.example.org', aud: 'latchkey', client_id: 'latchkey', sub: 'usr_ada', sid: 'ses_1' },
    ...{ amr: ['pwd', 'otp'], acr: 'aal2', auth_time: nowMs / 1000 - 91 },
    ...{ iat: nowMs / 1000, exp: expiresAt.getTime() / 1000 },
  })
})

it('says how to verify it, and is verified so', async () => {
  const { accessToken } = await sign()
  expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: 'sig_1' })
  const expected = { issuer: 'https://id.example.org', audience: 'latchkey', typ: 'at+jwt', currentDate: clock.now() }
  await expect(jwtVerify(accessToken, publicKey, expected)).resolves.toBeDefined()
})

it('lasts ten minutes, up to 5 % less, never more', async () => {
  const lifetimeOf = async (byte: number) => (await sign(session, byte)).expiresAt.getTime() - nowMs
  expect(await lifetimeOf(0)).toBe(10 * minuteMs)
  expect(await lifetimeOf(255)).toBe(9.5 * minuteMs)
})

it('never outlasts its session', async () => {
  const { expiresAt } = await sign({ ...session, endsAtMs: nowMs + 1_999 })
  expect(expiresAt.getTime()).toBe(nowMs + 1_000)
})

it('is never the same text twice', async () => {
  const terms = { issuer: 'https://id.example.org', clock, entropy: systemEntropy }
  const texts = await Promise.all(Array.from({ length: 20 }, () => signAccessToken(session, signer, terms)))
  expect(new Set(texts.map(({ accessToken }) => accessToken)).size).toBe(20)
})
