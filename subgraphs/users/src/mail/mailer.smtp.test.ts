import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { minuteMs } from '@latchkey/clock'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { register, startUsers, until } from '../application.fixture.ts'
import type { Mail } from './mail.ts'
import { createSmtpMailer, type SmtpSettings } from './mailer.smtp.ts'

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

interface Received {
  readonly from: string
  readonly to: readonly string[]
  readonly text: string
}

/** Where this machine is not loopback. */
const ownAddress = Object.values(networkInterfaces())
  .flatMap((known) => known ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

/** A real mail server on this machine. */
async function aServer(options: SMTPServerOptions = {}) {
  const received: Received[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const to = rcptTo.map(({ address }) => address)
        received.push({ from: mailFrom ? mailFrom.address : '', to, text: Buffer.concat(parts).toString() })
        done()
      })
    },
    ...options,
  })
  await new Promise<void>((resolve) => void server.listen(0, '0.0.0.0', resolve))
  server.on('error', () => {})
  undo.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const { port } = server.server.address() as AddressInfo
  return { received, url: `smtp://127.0.0.1:${port}`, port }
}

const mailer = (settings: Partial<SmtpSettings> & { url: string }) => {
  const made = createSmtpMailer({ from: 'Latchkey <no-reply@id.example.com>', ...settings })
  undo.push(made.close)
  return made
}

const aMail = (overrides: Partial<Mail> = {}): Mail => ({
  to: 'ada@example.com',
  subject: 'Bestätigen Sie Ihre Adresse',
  text: 'Open http://localhost:4000/verify-email?token=abc\n',
  html: '<p>Open it</p>',
  ...overrides,
})

const headersOf = (text: string) => text.slice(0, text.indexOf('\r\n\r\n')).replace(/\r\n\s+/g, ' ')

describe('mail by SMTP', () => {
  it('arrives with both forms, from whom it is, and named like its message in every try', async () => {
    const { received, url } = await aServer()
    const { deliver } = mailer({ url })
    await deliver(aMail(), 'out_1')
    await deliver(aMail(), 'out_1')
    expect(received).toHaveLength(2)
    expect(received[0]).toMatchObject({ from: 'no-reply@id.example.com', to: ['ada@example.com'] })
    for (const { text } of received) {
      const headers = headersOf(text)
      expect(headers).toMatch(/^Message-ID: <out_1@id\.example\.com>$/m)
      expect(headers).toMatch(/^Auto-Submitted: auto-generated$/m)
      expect(headers).toMatch(/^From: Latchkey <no-reply@id\.example\.com>$/m)
      expect(text).toContain('Content-Type: text/plain')
      expect(text).toContain('Content-Type: text/html')
    }
  })

  it.each([
    { subject: 'Hello\r\nBcc: eve@example.com' },
    { subject: 'Hello\nX-Injected: yes' },
    { to: 'ada@example.com\r\nBcc: eve@example.com' },
    { to: 'ada@example.com, eve@example.com' },
    { to: 'ada@example.com> RCPT TO:<eve@example.com' },
  ])('carries no header and no recipient that %j would add', async (overrides) => {
    const { received, url } = await aServer()
    await mailer({ url })
      .deliver(aMail(overrides), 'out_1')
      .catch(() => {})
    for (const { text, to } of received) {
      expect(headersOf(text)).not.toMatch(/^(Bcc|X-Injected):/im)
      expect(to).not.toContain('eve@example.com')
    }
  })

  it('fails, and may be tried again, when the server refuses the recipient', async () => {
    const refusing = await aServer({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such user'), { responseCode: 550 })),
    })
    await expect(mailer({ url: refusing.url }).deliver(aMail(), 'out_1')).rejects.toMatchObject({ code: 'EENVELOPE' })
  })

  it('gives up on a server that says nothing', async () => {
    const sockets: Socket[] = []
    const silent: Server = createServer((socket) => void sockets.push(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    undo.push(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const { port } = silent.address() as AddressInfo
    const delivery = mailer({ url: `smtp://127.0.0.1:${port}`, withinMs: 200 }).deliver(aMail(), 'out_1')
    await expect(delivery).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('gives up on a server that accepts too late; what arrived all the same has the name of the message', async () => {
    const late = await aServer({
      onRcptTo: (_address, _session, done) => void setTimeout(() => done(), 400),
    })
    const { deliver } = mailer({ url: late.url, withinMs: 150 })
    await expect(deliver(aMail(), 'out_late')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    await until(() => late.received.length === 1)
    expect(headersOf(late.received[0]?.text ?? '')).toContain('<out_late@id.example.com>')
  })

  it('fails where nobody listens', async () => {
    await expect(mailer({ url: 'smtp://127.0.0.1:1' }).deliver(aMail(), 'out_1')).rejects.toMatchObject({
      code: 'ESOCKET',
    })
  })

  it.skipIf(!ownAddress)(
    'is not sent readable to another machine, nor to one that shows no good certificate',
    async () => {
      const elsewhere = (server: { url: string }) => server.url.replace('127.0.0.1', ownAddress ?? '')
      const open = await aServer()
      await expect(mailer({ url: elsewhere(open) }).deliver(aMail(), 'out_1')).rejects.toMatchObject({ code: 'ETLS' })
      // The certificate that smtp-server signs itself.
      const own = await aServer({ disabledCommands: ['AUTH'] })
      await expect(mailer({ url: elsewhere(own) }).deliver(aMail(), 'out_1')).rejects.toThrow(/certificate/)
      const secure = await aServer({ secure: true, disabledCommands: ['AUTH'] })
      const smtps = elsewhere(secure).replace('smtp:', 'smtps:')
      await expect(mailer({ url: smtps }).deliver(aMail(), 'out_1')).rejects.toThrow(/certificate/)
      expect([...open.received, ...own.received, ...secure.received]).toEqual([])
    },
  )

  it('signs in with what its address says', async () => {
    const seen: unknown[] = []
    const { received, url } = await aServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        seen.push([username, password])
        done(null, { user: username })
      },
    })
    await mailer({ url: url.replace('://', '://post%40man:p%3Aass@') }).deliver(aMail(), 'out_1')
    expect(seen).toEqual([['post@man', 'p:ass']])
    expect(received).toHaveLength(1)
  })
})

describe('a mail server behind the outbox', () => {
  it('that hangs slows no request and keeps no other errand waiting; the mail is sent when it answers', async () => {
    let hangs = true
    const waiting: (() => void)[] = []
    const { received, url } = await aServer({
      onMailFrom(_address, _session, done) {
        if (hangs) waiting.push(done)
        else done()
      },
    })
    const under = await startUsers({ mailer: mailer({ url, withinMs: 300 }) })
    undo.push(under.close)
    const answer = await register(under.users, 'ada@example.com')
    expect(answer).toEqual({ data: { register: { outcome: 'CHECK_YOUR_MAIL' } } })
    const errands = { name: 'test_errands', text: 'SELECT attempts, last_error, delivered_at FROM users.outbox' }
    interface Errand {
      readonly attempts: number
      readonly last_error: string | null
    }
    await until(async () =>
      (await under.database.query<Errand>(errands, [])).some(({ last_error }) => last_error !== null),
    )
    expect(await under.database.query(errands, [])).toMatchObject([{ attempts: 1, last_error: 'Error ETIMEDOUT' }])
    hangs = false
    for (const done of waiting) done()
    await until(() => {
      // A machine that is busy may be late again.
      under.clock.advance(minuteMs)
      return received.length > 0
    })
    const ids = received.map(({ text }) => /^Message-ID: (.*)$/m.exec(headersOf(text))?.[1])
    expect(new Set(ids).size).toBe(1)
  })
})
