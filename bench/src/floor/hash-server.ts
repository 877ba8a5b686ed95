/** The floor of a sign-in: a bare `node:http` server that computes the one hash a sign-in computes, and answers JSON. */
import { createServer } from 'node:http'
import argon2 from 'argon2'
import { announce, settings } from '../announce.ts'

const { memoryKiB, passes } = (await settings()) as { memoryKiB: number; passes: number }
const kept = await argon2.hash('the password', {
  type: argon2.argon2id,
  memoryCost: memoryKiB,
  timeCost: passes,
  parallelism: 1,
  hashLength: 32,
})

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  JSON.parse(Buffer.concat(chunks).toString())
  const body = JSON.stringify({ matches: await argon2.verify(kept, 'the password') })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
})

announce(server)
