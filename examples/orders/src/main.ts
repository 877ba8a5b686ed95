/**
 * Orders as a process of its own. `GATEWAY_PUBLIC_KEY` is the gateway's public key (SPKI, base64: `services.gateway.publicKey`
 * of the keyring); with nothing else the callers it names are trusted. `PORT` is 4004 and `HOST` 127.0.0.1 unless set.
 */
import { createPublicKey } from 'node:crypto'
import { systemClock as clock } from '@latchkey/clock'
import { createOpener } from '@latchkey/principal/envelope'
import { serveSubgraph } from '@latchkey/subgraph/serve'
import { createLogger } from '@latchkey/telemetry'
import { createOrdersSubgraph } from './subgraph.ts'

function gatewayKey(text: string | undefined) {
  if (!text) throw new Error('GATEWAY_PUBLIC_KEY is missing')
  return createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
}

try {
  const { PORT, HOST, GATEWAY_PUBLIC_KEY } = process.env
  const logger = createLogger({ level: 'info', service: 'orders' })
  const served = await serveSubgraph(createOrdersSubgraph({ logger, clock }), {
    host: HOST ?? '127.0.0.1',
    port: Number(PORT ?? 4004),
    open: createOpener({ audience: 'orders', trusted: { gateway: gatewayKey(GATEWAY_PUBLIC_KEY) }, clock }),
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
