import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { judgeAnswer } from './attempt.ts'
import { createDestinations, type ResolveName } from './destination.ts'
import { reachableBesides } from './reachable.ts'
import { answering, type Receiver, startReceiver } from './receiver.fixture.ts'
import { createWebhookSender } from './sender.http.ts'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
beforeEach(() => {
  receiver.received.length = 0
  receiver.answer = answering(204)
})
afterAll(() => receiver.stop())

const nobody: ResolveName = async () => {
  throw new Error('no such name')
}

function senderWith({ resolve = nobody, networks = ['127.0.0.0/8'], timeoutMs = 400 } = {}) {
  const destinations = createDestinations({ resolve, isReachable: reachableBesides(networks) })
  const sender = createWebhookSender({ destinations, timeoutMs })
  return (url: string) => sender.send({ url: new URL(url), headers: { 'webhook-id': 'aud_1' }, body: '{"a":"é"}' })
}

const send = senderWith()
const portOf = (url: string) => new URL(url).port

/** A server below HTTP. */
async function listening(onSocket: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => onSocket(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('a webhook', () => {
  it('arrives as it was written, and is taken by any answer of 2xx', async () => {
    expect(await send(receiver.url)).toMatchObject({ kind: 'answered', status: 204 })
    expect(receiver.received).toMatchObject([
      { body: '{"a":"é"}', headers: { 'webhook-id': 'aud_1', 'content-length': '10' } },
    ])
  })

  it('is not taken by a redirect, which is not followed', async () => {
    receiver.answer = answering(307, { location: `${receiver.url}/elsewhere` }, 'go there')
    const answer = await send(receiver.url)
    expect(answer).toMatchObject({ status: 307, text: 'go there' })
    expect(judgeAnswer(answer, new Date())).toMatchObject({ failure: 'REFUSED', httpStatus: 307 })
    expect(receiver.received).toHaveLength(1)
  })

  it('has of a gigabyte in answer two hundred characters kept, and the rest is not read', async () => {
    let written = 0
    receiver.answer = (response) => {
      response.writeHead(500)
      const piece = Buffer.alloc(1_048_576, 'x\n')
      const go = () => {
        for (; written < 1_024; written += 1) if (!response.write(piece)) return void response.once('drain', go)
      }
      go()
    }
    const answer = await send(receiver.url)
    expect(answer).toMatchObject({ status: 500, text: 'x.'.repeat(100) })
    expect(written).toBeLessThan(64)
  })

  it('is answered once the status is there, whether or not a body ever comes', async () => {
    receiver.answer = (response) => response.writeHead(200, { 'content-length': '10' }).write('1')
    expect(await send(receiver.url)).toMatchObject({ status: 200, text: '' })
  })

  it.each([
    ['a receiver that hangs', () => {}, 'TIMED_OUT'],
    ['one that answers garbage', (socket: Socket) => void socket.end('220 smtp.example.com ESMTP\r\n'), 'NO_HTTP'],
    [
      'one whose headers have no end',
      (socket: Socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`),
      'NO_HTTP',
    ],
    [
      'one that says nothing but that it goes on',
      (socket: Socket) => void socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
      'TIMED_OUT',
    ],
    ['one that hangs up', (socket: Socket) => void socket.destroy(), 'UNREACHABLE'],
  ])('fails at %s', async (_, onSocket, failure) => {
    expect(await send(await listening(onSocket))).toEqual({ kind: 'unanswered', failure })
  })

  it('fails where nobody listens, and at a name that nobody knows', async () => {
    const url = await listening(() => {})
    expect(await send(url.replace('127.0.0.1', '127.0.0.9'))).toEqual({ kind: 'unanswered', failure: 'UNREACHABLE' })
    expect(await send('http://receiver.example/')).toEqual({ kind: 'unanswered', failure: 'UNREACHABLE' })
  })

  it('fails in time when nobody says where a name leads', async () => {
    const sendSlowly = senderWith({ resolve: () => new Promise(() => {}), timeoutMs: 50 })
    expect(await sendSlowly('http://receiver.example/')).toEqual({ kind: 'unanswered', failure: 'TIMED_OUT' })
  })
})

describe('where nothing may be sent, nothing is', () => {
  const refused = { kind: 'unanswered', failure: 'ADDRESS_REFUSED' }
  const publicOnly = senderWith({ networks: [] })

  it.each([
    '127.0.0.1',
    'localhost',
    'a.localhost.',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '[::1]',
    '0',
  ])('not at %s', async (host) => {
    expect(await publicOnly(`http://${host}:${portOf(receiver.url)}/`)).toEqual(refused)
    expect(receiver.received).toEqual([])
  })

  it('not at a name that leads inside, alone or among others', async () => {
    for (const addresses of [['127.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['10.0.0.1'], ['::ffff:127.0.0.1']]) {
      const through = senderWith({ networks: [], resolve: async () => addresses })
      expect(await through(`http://receiver.example:${portOf(receiver.url)}/`)).toEqual(refused)
    }
    expect(receiver.received).toEqual([])
  })

  it('asks once, and connects to what it was told then: a name that leads elsewhere a moment later misleads nobody', async () => {
    const other = await startReceiver('127.0.0.2')
    onTestFinished(() => other.stop())
    const told: string[] = []
    const resolve: ResolveName = async () => {
      const address = told.length === 0 ? '127.0.0.1' : '127.0.0.2'
      told.push(address)
      return [address]
    }
    const through = senderWith({ networks: ['127.0.0.1/32'], resolve })
    expect(await through(`http://receiver.example:${portOf(receiver.url)}/`)).toMatchObject({ status: 204 })
    expect(told).toEqual(['127.0.0.1'])
    expect(await through(`http://receiver.example:${portOf(other.url)}/`)).toEqual(refused)
    expect(other.received).toEqual([])
    expect(receiver.received[0]?.headers.host).toBe(`receiver.example:${portOf(receiver.url)}`)
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

it.skipIf(!hasOpenssl)('a certificate that nobody vouches for is not trusted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'webhook-certificate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const how = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=127.0.0.1',
  ]
  execFileSync('openssl', [...how, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) =>
    response.end(),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
  expect(await send(url)).toEqual({ kind: 'unanswered', failure: 'CERTIFICATE' })
})

it('410 asks for nothing more, and a wait that is asked for is kept', () => {
  const now = new Date('2030-01-01T00:00:00Z')
  const answered = { kind: 'answered', retryAfter: '7', text: 'no' } as const
  expect(judgeAnswer({ ...answered, status: 410 }, now).failure).toBe('GONE')
  expect(judgeAnswer({ ...answered, status: 429 }, now)).toEqual({
    ...{ failure: 'REFUSED', httpStatus: 429, answer: 'no', retryAfterMs: 7_000 },
  })
})
