import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server one can take away, freeze and give back: everything to Postgres goes through it. */
export async function aServer(url: string) {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let frozen = false
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => frozen || to.write(bytes))
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const { port } = address
  const here = new URL(url)
  here.host = `127.0.0.1:${port}`
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  const go = () => {
    cut()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  onTestFinished(go)
  const freeze = () => {
    frozen = true
  }
  const thaw = () => {
    frozen = false
    cut()
  }
  return { url: here.href, go, comeBack: () => listen(port), freeze, thaw }
}
