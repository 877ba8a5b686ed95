/** The floor of every embedded figure: a bare `node:http` server that reads JSON and answers JSON of the same size. */
import { createServer } from 'node:http'
import { announce, settings } from '../announce.ts'

const answer = await settings()

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  JSON.parse(Buffer.concat(chunks).toString())
  const body = JSON.stringify(answer)
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
})

announce(server)
