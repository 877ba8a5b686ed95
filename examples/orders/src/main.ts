/**
 * Orders as a process of its own. `LATCHKEY_JWKS_URL` is where the gateway shows its keys; or `GATEWAY_PUBLIC_KEY` its key itself (SPKI,
 * base64: `services.gateway.publicKey` of the keyring). With nothing else the callers it names are trusted. `PORT` is 4004 and `HOST`
 * 127.0.0.1 unless set.
 */
import { systemClock as clock } from '@latchkey/clock'
import { serveSubgraph } from '@latchkey/subgraph/serve'
import { createEnvelopeOpener } from '@latchkey/subgraph/verifier'
import { createLogger } from '@latchkey/telemetry'
import { createOrdersSubgraph } from './subgraph.ts'

function trustIn({ LATCHKEY_JWKS_URL: jwksUrl, GATEWAY_PUBLIC_KEY: publicKey }: NodeJS.ProcessEnv) {
  if (jwksUrl) return { jwksUrl }
  if (publicKey) return { publicKey }
  throw new Error('LATCHKEY_JWKS_URL or GATEWAY_PUBLIC_KEY is missing')
}

try {
  const { PORT, HOST } = process.env
  const logger = createLogger({ level: 'info', service: 'orders' })
  const served = await serveSubgraph(createOrdersSubgraph({ logger, clock }), {
    host: HOST ?? '127.0.0.1',
    port: Number(PORT ?? 4004),
    open: createEnvelopeOpener({ audience: 'orders', trust: trustIn(process.env), clock }),
    ready: async () => true,
    logger,
  })
  logger.info({ url: served.url }, 'orders is serving')
  const end = () => void served.close().then(() => process.exit(0))
  process.once('SIGTERM', end).once('SIGINT', end)
} catch (thrown) {
  console.error(`orders cannot start: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  process.exit(1)
}
