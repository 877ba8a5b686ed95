/** How a floor is spoken to: settings come as JSON on standard input, the address goes as JSON to standard output. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export async function settings(): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}

/** Listens, says where and whatever else there is to say, and ends with its parent. */
export function announce(server: Server, more: object = {}): void {
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    console.log(JSON.stringify({ url: `http://127.0.0.1:${port}/`, ...more }))
  })
  process.on('disconnect', () => process.exit(0))
}
