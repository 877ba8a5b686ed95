/** Reads the body of a request, bounded in size; its time is bounded by the server's `requestTimeout`. */
import type { IncomingMessage } from 'node:http'

export type Body = { readonly outcome: 'read'; readonly text: string } | { readonly outcome: 'tooLarge' | 'broken' }

/** Never rejects. After any outcome but `read` the connection may hold the rest of the body and must be closed. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return Promise.resolve({ outcome: 'tooLarge' })
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= bytesMax) chunks.push(chunk)
      else resolve({ outcome: 'tooLarge' })
    })
    request.on('end', () => resolve({ outcome: 'read', text: Buffer.concat(chunks).toString('utf8') }))
    request.on('error', () => resolve({ outcome: 'broken' }))
    request.on('close', () => resolve({ outcome: 'broken' }))
  })
}
