import { expect, it } from 'vitest'
import { clientHeader, clientOf } from './client-header.ts'

it('tells another process where a request came from', () => {
  const client = { address: '2001:db8::1', userAgent: 'Firefox — "quoted"\n' }
  expect(clientOf(clientHeader(client))).toEqual(client)
  const german = { ...client, languages: 'de-AT, de;q=0.9' }
  expect(clientOf(clientHeader(german))).toEqual(german)
  for (const tokens of [{ deviceToken: 'dev_x.y' }, { refreshToken: 'ses_x.y' }])
    expect(clientOf(clientHeader({ ...client, ...tokens }))).toEqual({ ...client, ...tokens })
  expect(clientOf(clientHeader(undefined))).toBeUndefined()
})

it('reads no more than fits, and nothing from what it does not understand', () => {
  const long = clientOf(
    clientHeader({ address: 'a'.repeat(1_000), userAgent: 'b'.repeat(10_000), deviceToken: 'c'.repeat(257) }),
  )
  expect([long?.address.length, long?.userAgent.length, long?.deviceToken]).toEqual([64, 512, undefined])
  for (const value of ['bm8', 'e30', 'WzEsMl0', '']) expect(clientOf({ 'latchkey-client': value })).toBeUndefined()
})
