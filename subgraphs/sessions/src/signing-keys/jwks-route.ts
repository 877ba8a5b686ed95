/** `/.well-known/jwks.json`: the public keys, for whoever verifies access tokens. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '@latchkey/telemetry'
import type { SigningKeys } from './service.ts'

/** A verifier may keep the answer for ten minutes: a new key is published for longer than that before it signs. */
const cacheSeconds = 600

function send(response: ServerResponse, status: number, headers: Record<string, string>, body = ''): void {
  response.writeHead(status, { 'x-content-type-options': 'nosniff', ...headers }).end(body)
}

export type Route = (request: IncomingMessage, response: ServerResponse) => void

/** 200 with the key set (RFC 7517); 405 for anything but GET and HEAD; 503 while the keys cannot be read. */
export function jwksRoute({ jwks }: Pick<SigningKeys, 'jwks'>, logger: Logger): Route {
  async function answer(response: ServerResponse): Promise<void> {
    const body = JSON.stringify(await jwks())
    send(
      response,
      200,
      { 'content-type': 'application/json', 'cache-control': `public, max-age=${cacheSeconds}` },
      body,
    )
  }

  return ({ method }, response) => {
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, { allow: 'GET, HEAD' })
    answer(response).catch((err: unknown) => {
      logger.warn({ err }, 'the signing keys cannot be read')
      send(response, 503, { 'retry-after': '1' })
    })
  }
}
