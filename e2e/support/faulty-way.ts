/** Stands between the application and a store, and fails as networks and servers do. */
import { createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * `none` passes everything on. `slow`: every answer is late by 250 ms. `frozen`: connections stay and nothing comes through,
 * on new ones neither, until it is over: no byte of a connection that lives is ever lost. `forgotten`: connections that are open are dead without a word, new ones work (a NAT that lost its
 * table). `gone`: connections are reset and new ones too. `cut`: half of an answer, then a reset. `garbage`: answers are
 * noise.
 */
export type Fault = 'none' | 'slow' | 'frozen' | 'forgotten' | 'gone' | 'cut' | 'garbage'

export interface FaultyWay {
  /** The store's address by this way. */
  readonly url: string
  /** From now on. */
  fail(fault: Fault): void
  /** New connections lead there: the store has moved. */
  leadTo(storeUrl: string): void
  close(): void
}

const lateMs = 250

export async function openFaultyWay(storeUrl: string): Promise<FaultyWay> {
  let target = new URL(storeUrl)
  let fault: Fault = 'none'
  const open = new Set<Socket>()
  const forgotten = new WeakSet<Socket>()
  let thawed = Promise.resolve()
  let thaw = () => {}

  async function question(client: Socket, upstream: Socket, chunk: Buffer): Promise<void> {
    await thawed
    if (!forgotten.has(client)) upstream.write(chunk)
  }

  async function answer(client: Socket, chunk: Buffer): Promise<void> {
    if (fault === 'slow') await pause(lateMs)
    await thawed
    if (forgotten.has(client)) return
    if (fault === 'garbage') client.write(Buffer.from(`${Math.random()}?!\r\n`))
    else if (fault !== 'cut') client.write(chunk)
    else {
      client.write(chunk.subarray(0, Math.ceil(chunk.length / 2)))
      client.resetAndDestroy()
    }
  }

  const server = createServer((client) => {
    if (fault === 'gone') {
      client.resetAndDestroy()
      return
    }
    const upstream = createConnection(Number(target.port), target.hostname)
    open.add(client)
    for (const socket of [client, upstream]) socket.setNoDelay(true).on('error', () => socket.destroy())
    client.on('close', () => {
      open.delete(client)
      upstream.destroy()
    })
    upstream.on('close', () => client.destroy())
    // Both ways keep their order, late or not.
    let asked = Promise.resolve()
    client.on('data', (chunk) => {
      asked = asked.then(() => question(client, upstream, chunk as Buffer))
    })
    let answered = Promise.resolve()
    upstream.on('data', (chunk) => {
      answered = answered.then(() => answer(client, chunk as Buffer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(storeUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as { port: number }).port)

  return {
    url: url.href,
    fail(next) {
      fault = next
      thaw()
      if (next === 'frozen')
        thawed = new Promise((resolve) => {
          thaw = resolve
        })
      if (next === 'forgotten') for (const client of open) forgotten.add(client)
      if (next === 'gone') for (const client of open) client.resetAndDestroy()
    },
    leadTo(nextUrl) {
      target = new URL(nextUrl)
    },
    close() {
      server.close()
      for (const client of open) client.destroy()
    },
  }
}
