/**
 * The coprocessor as a process of its own, for `router.yaml`. `ROUTER_KEY_FILE` is the router's private key (PEM), `ROUTER_NAME` what
 * `LATCHKEY_ROUTERS` calls it, `LATCHKEY_GATEWAY` where the gateway is, `AUDIENCES` the subgraphs; `PORT` is 4010 unless set.
 */
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Coprocessed, coprocess } from './apollo-router.ts'
import { createExchange } from './exchange.ts'

const {
  ROUTER_KEY_FILE = 'router.pem',
  ROUTER_NAME = 'router',
  LATCHKEY_GATEWAY = 'http://localhost:4000',
  AUDIENCES = 'users,sessions,api-keys',
  PORT = '4010',
  HOST = '127.0.0.1',
} = process.env

const exchange = createExchange({
  gateway: LATCHKEY_GATEWAY,
  name: ROUTER_NAME,
  privateKey: createPrivateKey(readFileSync(ROUTER_KEY_FILE)),
  audiences: AUDIENCES.split(','),
})

const server = createServer(async (request, response) => {
  try {
    const sent = JSON.parse(await text(request)) as Coprocessed
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(await coprocess(sent, exchange)))
  } catch {
    // The router takes it for a failure and asks no subgraph.
    response.writeHead(400).end()
  }
})
server.listen(Number(PORT), HOST, () => console.error(`the coprocessor is serving at http://${HOST}:${PORT}`))
const end = () => void server.close()
process.once('SIGTERM', end).once('SIGINT', end)
