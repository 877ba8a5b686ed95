/** The floor of a session check: a bare `node:http` server that asks Redis for the bearer's session and answers JSON of the same size. */
import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import { announce, settings } from '../announce.ts'

const { redisUrl, answer } = (await settings()) as { redisUrl: string; answer: unknown }
const redis = new Redis(redisUrl)

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  JSON.parse(Buffer.concat(chunks).toString())
  const session = await redis.get(`floor:${request.headers.authorization ?? ''}`)
  const body = JSON.stringify(session === null ? null : answer)
  response.writeHead(session === null ? 401 : 200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
})

announce(server)
