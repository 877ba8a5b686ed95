/** Ports for servers of our own on this machine. */
import { createServer } from 'node:net'

// Below the ports that systems give to outgoing connections: one of those could take ours before its server does.
const lowest = 20_000
const highest = 30_000
const triesMax = 100
/** Processes whose numbers are close begin so far from each other. */
const place = 97

/** What was offered is not offered again until all were: whoever asked may not listen there yet. */
let offered = process.pid * place

/** A port of 127.0.0.1 that is free at this moment, and so are the `count - 1` after it. */
export async function freePort(count = 1): Promise<number> {
  for (let tries = 0; tries < triesMax; tries++) {
    const port = lowest + (offered % (highest - lowest))
    offered += count
    const wanted = Array.from({ length: count }, (_, index) => isFree(port + index))
    if ((await Promise.all(wanted)).every((free) => free)) return port
  }
  throw new Error(`no free port among ${triesMax} between ${lowest} and ${highest}`)
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
