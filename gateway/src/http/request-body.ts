/** The body of a POST: bounded, JSON, and an object or nothing. */
import type { IncomingMessage } from 'node:http'
import { Problem } from '@latchkey/problem'
import { protocolError } from '../protocol-error.ts'

const tooLarge = (bytesMax: number) =>
  new Problem('OPERATION_TOO_COSTLY', 'body', {
    message: `This operation is larger than allowed: more than ${bytesMax} bytes.`,
  })

/** Rejects with OPERATION_TOO_COSTLY as soon as more has arrived than allowed, and with a plain Error when the client goes away. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<string> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) return reject(tooLarge(bytesMax))
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= bytesMax) chunks.push(chunk)
      else reject(tooLarge(bytesMax))
    })
    request.on('end', () => resolve(textOf(chunks)))
    request.on('error', reject)
  })
}

const textOf = ([first, ...more]: Buffer[]): string =>
  first && more.length === 0 ? first.toString() : Buffer.concat(first ? [first, ...more] : []).toString()

/** Whatever JSON the text holds. Throws BAD_REQUEST for anything else. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw protocolError('BAD_REQUEST', 'The body is not valid JSON.')
  }
}

const jsonType = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i

/** Throws BAD_REQUEST (415) unless the body is JSON as it is. */
export function requireJson(headers: IncomingMessage['headers']): void {
  const encoding = headers['content-encoding']
  if (headers['content-type'] === 'application/json' && encoding === undefined) return
  if (jsonType.test(headers['content-type'] ?? '') && (encoding === undefined || encoding === 'identity')) return
  throw protocolError('BAD_REQUEST', 'The body must be JSON: send it as `content-type: application/json`.', {
    status: 415,
    headers: { accept: 'application/json' },
  })
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
