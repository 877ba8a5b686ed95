import { once } from 'node:events'
import { createServer, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRests, type Rests } from './rests.ts'

let nowMs = 0
let rests: Rests
let server: Server
let stream: ServerResponse | undefined
/** The paths asked for, in the order in which they were read. */
let read: string[] = []
const clients: Socket[] = []

/** Refuses whatever is asked for under `/no`; what is asked for as `/stream` has no end. */
async function open(options: ServerOptions = {}): Promise<void> {
  server = createServer(options, ({ url = '', socket }, response) => {
    read.push(url)
    if (url === '/stream') {
      stream = response
      return response.write('begun')
    }
    const isRefused = url.startsWith('/no')
    if (isRefused && !rests.begin(socket)) response.shouldKeepAlive = false
    return response.writeHead(isRefused ? 503 : 200, { 'content-length': 0 }).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
}

async function close(): Promise<void> {
  for (const client of clients.splice(0)) client.destroy()
  server.closeAllConnections()
  await once(server.close(), 'close')
}

beforeEach(() => {
  nowMs = 0
  read = []
  rests = createRests(() => nowMs)
  return open()
})
afterEach(close)

async function openClient() {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('latin1')
  clients.push(socket)
  let heard = ''
  socket.on('data', (text) => {
    heard += text
  })
  await once(socket, 'connect')
  const ask = (...paths: string[]) =>
    new Promise<void>((resolve) => {
      const texts = paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
      socket.write(texts.join(''), () => resolve())
    })
  return { socket, ask, answers: () => heard.match(/(?<=HTTP\/1.1 )\d+/g) ?? [], said: () => heard }
}

type Client = Awaited<ReturnType<typeof openClient>>

/** Each on a connection of its own, and read in this order. */
async function refuseEach(...paths: string[]): Promise<Client[]> {
  const refused: Client[] = []
  for (const path of paths) {
    const client = await openClient()
    await client.ask(path)
    await expect.poll(client.answers, { timeout: 60_000 }).toEqual(['503'])
    refused.push(client)
  }
  return refused
}

/** Whatever had come before has been read when somebody else is answered twice, unless it is not read. */
async function whatIsRead(): Promise<readonly string[]> {
  const other = await openClient()
  for (const count of [1, 2]) {
    await other.ask('/other')
    await expect.poll(() => other.answers().length, { timeout: 60_000 }).toBe(count)
  }
  return read.filter((path) => path !== '/other')
}

describe('a connection on which somebody was refused', () => {
  it('is not read until it is its turn, and nothing that was asked meanwhile is lost', async () => {
    const [client] = await refuseEach('/no')
    await client?.ask('/later')
    expect(await whatIsRead()).toEqual(['/no'])
    rests.look(0)
    expect(await whatIsRead()).toEqual(['/no'])
    rests.look(1)
    await expect.poll(() => client?.answers(), { timeout: 60_000 }).toEqual(['503', '200'])
    expect(rests.count).toBe(0)
  })

  it('comes before those that were refused after it', async () => {
    const refused = await refuseEach('/no/1', '/no/2', '/no/3')
    for (const client of refused) await client.ask('/again')
    rests.look(2)
    await expect.poll(() => refused.map((client) => client.answers().length), { timeout: 60_000 }).toEqual([2, 2, 1])
    expect(rests.count).toBe(1)
  })

  it('is read again after five seconds, however many rest', async () => {
    const refused = await refuseEach('/no/1', '/no/2')
    for (const client of refused) await client.ask('/again')
    nowMs = 4_999
    rests.look(0)
    expect(rests.count).toBe(2)
    nowMs = 5_000
    rests.look(0)
    await expect.poll(() => refused.map((client) => client.answers().length), { timeout: 60_000 }).toEqual([2, 2])
  })

  it('rests anew when somebody is refused on it again', async () => {
    const [client] = await refuseEach('/no')
    await client?.ask('/no/again')
    rests.look(1)
    await expect.poll(() => client?.answers(), { timeout: 60_000 }).toEqual(['503', '503'])
    await client?.ask('/later')
    expect(await whatIsRead()).toEqual(['/no', '/no/again'])
    rests.look(1)
    await expect.poll(() => client?.answers(), { timeout: 60_000 }).toEqual(['503', '503', '200'])
  })

  it('is closed when more was asked on it than was answered: there is no way around by pipelining', async () => {
    const client = await openClient()
    await client.ask('/no/1', '/no/2', '/no/3', '/no/4')
    await once(client.socket, 'close')
    expect(client.answers()).toEqual(['503', '503'])
    expect(client.said()).toMatch(/connection: close/i)
  })

  it('hears what it hears: a stream that was asked before goes on', async () => {
    const client = await openClient()
    await client.ask('/stream')
    await expect.poll(client.said, { timeout: 60_000 }).toContain('begun')
    await client.ask('/no')
    await expect.poll(() => rests.count, { timeout: 60_000 }).toBe(1)
    stream?.write('and goes on')
    await expect.poll(client.said, { timeout: 60_000 }).toContain('and goes on')
  })

  it('gives nobody more time to send than others have', async () => {
    await close()
    await open({ headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 })
    const [client] = await refuseEach('/no')
    const closed = client && once(client.socket, 'close')
    client?.socket.write('GET /half HTTP/1.1\r\nhost: ')
    rests.look(1)
    await closed
    expect(client?.answers()).toEqual(['503', '408'])
  })

  it('whose client has gone is forgotten with its turn', async () => {
    const [client] = await refuseEach('/no')
    client?.socket.destroy()
    rests.look(1)
    expect(rests.count).toBe(0)
    await expect.poll(() => openConnections(), { timeout: 60_000 }).toBe(0)
  })
})

const openConnections = () =>
  new Promise<number>((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

it('when it is over, all are read again and nobody rests any more', async () => {
  const refused = await refuseEach('/no/1', '/no/2')
  for (const client of refused) await client.ask('/no/again')
  rests.close()
  await expect
    .poll(() => refused.map((client) => client.answers()), { timeout: 60_000 })
    .toEqual([
      ['503', '503'],
      ['503', '503'],
    ])
  expect(rests.count).toBe(0)
})
