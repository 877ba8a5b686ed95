import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemEntropy } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { afterEach, describe, expect, it } from 'vitest'
import { createOutbox } from '../outbox/outbox.ts'
import type { Mail } from './mail.ts'
import { createMailbox } from './mailbox.ts'

const aMail = (overrides: Partial<Mail> = {}): Mail => ({
  to: 'ada@example.com',
  subject: 'Hello',
  text: 'Hello',
  html: '<p>Hello</p>',
  ...overrides,
})

function mailboxWith(...sent: readonly Mail[]) {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const keyring = createKeyring(newKeyringMaterial(systemEntropy), systemEntropy)
  const outbox = createOutbox({ keyring, clock, entropy: systemEntropy })
  const delivered = sent.map((mail) => ({
    ...outbox.message({ kind: 'mail', mail, about: 'usr_ada' }),
    deliveredAt: clock.now(),
  }))
  return createMailbox({ outbox, store: { lastDelivered: async (max) => delivered.slice(-max) } })
}

const sentAt = '2030-01-01T00:00:00.000Z'

describe('the development mailbox', () => {
  it('shows the last 200 mails, newest last', async () => {
    const sent = Array.from({ length: 205 }, (_, n) => aMail({ subject: `${n}` }))
    const mails = await mailboxWith(...sent).mails()
    expect(mails).toEqual(sent.slice(5).map((mail) => ({ ...mail, sentAt })))
  })

  it('finds an address however it is spelled', async () => {
    const mailbox = mailboxWith(aMail({ to: 'Ada@Example.com' }), aMail({ to: 'eve@example.com' }))
    expect((await mailbox.mails('ada@example.COM')).map(({ to }) => to)).toEqual(['Ada@Example.com'])
    expect(await mailbox.mails('no address')).toEqual([])
  })
})

describe('GET /dev/mail', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function get(mailbox: ReturnType<typeof createMailbox>, path: string, headers = {}, method = 'GET') {
    const server = createServer(mailbox.handle)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return new Promise<{ status: number | undefined; type: string | undefined; body: string }>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, method, headers, agent: false }
      const sent = request(options, (response) => {
        let body = ''
        response.on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], body }))
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  it('answers JSON where that is accepted, and only what was sent to the address asked for', async () => {
    const mailbox = mailboxWith(aMail(), aMail({ to: 'eve@example.com' }))
    const { status, type, body } = await get(mailbox, '/dev/mail?to=ada%40example.com', { accept: 'application/json' })
    expect({ status, type }).toEqual({ status: 200, type: 'application/json; charset=utf-8' })
    expect(JSON.parse(body)).toEqual([{ ...aMail(), sentAt }])
  })

  it('answers a page on which nothing from a mail is markup', async () => {
    const hostile = '<script>alert(1)</script>" onload="x'
    const link = 'http://localhost:4000/verify-email?a=1&token=abc"onmouseover="x'
    const mailbox = mailboxWith(
      aMail({ to: hostile, subject: hostile, text: `${hostile}\n${link}\njavascript:alert(1)` }),
    )
    const { type, body } = await get(mailbox, '/dev/mail', { accept: 'text/html' })
    expect(type).toBe('text/html; charset=utf-8')
    expect(body).not.toContain('<script>')
    expect(body).toContain('href="http://localhost:4000/verify-email?a=1&amp;token=abc&quot;onmouseover=&quot;x"')
    expect(body).not.toContain('href="javascript')
  })

  it('is answered to nobody who reached it under another name', async () => {
    const mailbox = mailboxWith(aMail())
    const { status, body } = await get(mailbox, '/dev/mail', { host: 'evil.example.com', accept: 'application/json' })
    expect({ status, body }).toEqual({ status: 403, body: '' })
  })

  it('answers a page that says so when there is nothing yet', async () => {
    expect((await get(mailboxWith(), '/dev/mail')).body).toContain('Nothing yet.')
  })

  it('says that it cannot tell while the database is away', async () => {
    const failing = { lastDelivered: () => Promise.reject(new Error('away')) }
    const outbox = { mailOf: () => aMail(), errandOf: () => expect.fail(), message: () => expect.fail() }
    expect(await get(createMailbox({ store: failing, outbox }), '/dev/mail')).toMatchObject({ status: 503, body: '' })
  })

  it('takes GET alone', async () => {
    expect(await get(mailboxWith(), '/dev/mail', {}, 'DELETE')).toMatchObject({ status: 405 })
  })
})
