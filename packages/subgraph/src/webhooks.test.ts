import { createHmac } from 'node:crypto'
import { minuteMs, secondMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { describe, expect, it } from 'vitest'
import { createWebhookVerifier, signWebhook, webhookSecret } from './webhooks.ts'

// The example of the Standard Webhooks specification and of its reference libraries.
const published = {
  secret: `whsec_${'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'}`,
  message: {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    sentAt: new Date(1_614_265_330_000),
    body: '{"test": 2432232314}',
  },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

const secret = webhookSecret(Buffer.alloc(32, 7))
const newer = webhookSecret(Buffer.alloc(32, 9))
const now = '2030-01-01T00:00:00Z'
const message = { id: 'aud_1', sentAt: new Date(now), body: '{"type":"role.grant","data":{"target":"usr_é"}}' }

const verifierOf = (...secrets: string[]) => {
  const clock = clockAt(now)
  return { clock, verifier: createWebhookVerifier({ secrets, clock }) }
}
const refused = (why: string) => ({ outcome: 'refused', why })

describe('a signature', () => {
  it('is the one that the specification gives for its example', () => {
    const { secret: theirs, message: example, signature } = published
    expect(signWebhook(example, [theirs])).toEqual({
      'webhook-id': example.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': signature,
    })
    const clock = clockAt(example.sentAt.toISOString())
    const verifier = createWebhookVerifier({ secrets: [theirs], clock })
    expect(verifier.verify(signWebhook(example, [theirs]), example.body).outcome).toBe('genuine')
  })

  it('is written once for each secret, and either will do', () => {
    const headers = signWebhook(message, [newer, secret])
    expect(headers['webhook-signature'].split(' ')).toHaveLength(2)
    for (const held of [secret, newer])
      expect(verifierOf(held).verifier.verify(headers, message.body)).toMatchObject({ outcome: 'genuine', id: 'aud_1' })
  })

  it('is read from headers as Node gives them and as fetch does', () => {
    const headers = signWebhook(message, [secret])
    for (const given of [new Headers(headers), { ...headers, host: ['a', 'b'] }])
      expect(verifierOf(secret).verifier.verify(given, message.body).outcome).toBe('genuine')
  })
})

describe('a verifier refuses', () => {
  const headers = signWebhook(message, [secret])
  it.each([
    ['an altered body', headers, message.body.replace('usr_', 'usr-'), 'unsigned'],
    ['another id', { ...headers, 'webhook-id': 'aud_2' }, message.body, 'unsigned'],
    ['another moment', { ...headers, 'webhook-timestamp': '1893456001' }, message.body, 'unsigned'],
    ['a signature under another secret', signWebhook(message, [newer]), message.body, 'unsigned'],
    [
      'another version',
      { ...headers, 'webhook-signature': headers['webhook-signature'].replace('v1', 'v1a') },
      message.body,
      'unsigned',
    ],
    [
      'a signature that was cut off',
      { ...headers, 'webhook-signature': headers['webhook-signature'].slice(0, 30) },
      message.body,
      'unsigned',
    ],
    ['no signature', { ...headers, 'webhook-signature': '' }, message.body, 'unsigned'],
    [
      'a true one after ten that are not',
      { ...headers, 'webhook-signature': `${'v1,AAAA '.repeat(10)}${headers['webhook-signature']}` },
      message.body,
      'unsigned',
    ],
    ['no id', { ...headers, 'webhook-id': undefined }, message.body, 'malformed'],
    ['a moment that is none', { ...headers, 'webhook-timestamp': '1e9' }, message.body, 'malformed'],
    ['headers that came twice', { ...headers, 'webhook-id': ['aud_1', 'aud_1'] }, message.body, 'malformed'],
  ])('%s', (_, given, body, why) => {
    expect(verifierOf(secret).verifier.verify(given, body)).toEqual(refused(why))
  })

  it('what is more than five minutes old, and what comes from a clock that is further ahead', () => {
    for (const offMs of [5 * minuteMs + secondMs, -5 * minuteMs - secondMs]) {
      const { clock, verifier } = verifierOf(secret)
      clock.advance(offMs)
      expect(verifier.verify(headers, message.body)).toEqual(refused('untimely'))
      clock.advance(-Math.sign(offMs) * secondMs)
      expect(verifier.verify(headers, message.body).outcome).toBe('genuine')
    }
  })

  it('the same try a second time, and lets the next try of the same message in', () => {
    const { verifier } = verifierOf(secret)
    expect(verifier.verify(headers, message.body).outcome).toBe('genuine')
    expect(verifier.verify(headers, message.body)).toEqual(refused('replayed'))
    const again = signWebhook({ ...message, sentAt: new Date(message.sentAt.getTime() + 5_000) }, [secret])
    expect(verifier.verify(again, message.body).outcome).toBe('genuine')
  })

  it('a try that it saw, and not one that somebody only said to be it', () => {
    const { verifier } = verifierOf(secret)
    verifier.verify({ ...headers, 'webhook-signature': 'v1,AAAA' }, message.body)
    expect(verifier.verify(headers, message.body).outcome).toBe('genuine')
  })

  it('to be made with a secret that is too short to be one', () => {
    expect(() => createWebhookVerifier({ secrets: ['whsec_c2hvcnQ='] })).toThrow('24 to 64 bytes')
  })
})

it('signs what any library would: HMAC-SHA-256 over id, moment and body', () => {
  const { 'webhook-signature': signature } = signWebhook(message, [secret])
  const mac = createHmac('sha256', Buffer.alloc(32, 7)).update(`aud_1.1893456000.${message.body}`).digest('base64')
  expect(signature).toBe(`v1,${mac}`)
})
