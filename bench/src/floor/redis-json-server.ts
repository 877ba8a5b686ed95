/** The floor of a check: a bare `node:http` server that asks Redis for what a credential stands for and answers JSON of the same size. */
import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import { announce, settings } from '../announce.ts'

const { redisUrl, answer } = (await settings()) as { redisUrl: string; answer: unknown }
const redis = new Redis(redisUrl)

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  JSON.parse(Buffer.concat(chunks).toString())
  const { authorization, 'x-api-key': key } = request.headers
  const known = await redis.get(`floor:${authorization ?? key}`)
  const body = JSON.stringify(known === null ? null : answer)
  response.writeHead(known === null ? 401 : 200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
})

announce(server)
