/**
 * Billing as a process of its own. `LATCHKEY_JWKS_URL` is where the gateway shows its keys; `PORT` is 4005 and `HOST` 127.0.0.1
 * unless set.
 */
import { createSubgraphServer } from '@latchkey/subgraph/server'
import { billing } from './subgraph.ts'

const {
  PORT = '4005',
  HOST = '127.0.0.1',
  LATCHKEY_JWKS_URL: jwksUrl = 'http://localhost:4000/.well-known/principal-jwks.json',
} = process.env

const server = createSubgraphServer({ ...billing, trust: { jwksUrl } })
const { url } = await server.listen({ port: Number(PORT), host: HOST })
console.error(`billing is serving at ${url}`)
const end = () => void server.close().then(() => process.exit(0))
process.once('SIGTERM', end).once('SIGINT', end)
