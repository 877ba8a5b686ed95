/** The notes as a server of their own, and a gateway they trust. */
import { generateKeyPairSync } from 'node:crypto'
import { systemClock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { createOpener, createSealer } from '@latchkey/principal/envelope'
import { aUser } from '@latchkey/principal/testing'
import { silentLogger } from '@latchkey/telemetry'
import type { Notes } from './notes.fixture.ts'
import { type ServedSubgraph, type ServeOptions, serveSubgraph } from './serve.ts'

/** Someone with a key, who seals principals under a name. */
export function aGateway(issuer = 'gateway') {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const sealer = createSealer({ issuer, privateKey, clock: systemClock })
  return {
    trusted: { [issuer]: publicKey },
    seal: (principal: Principal = aUser()) => sealer(principal, 'notes'),
    sealFor: (audience: string) => sealer(aUser(), audience),
  }
}

export interface ServedNotes extends ServedSubgraph {
  readonly gateway: ReturnType<typeof aGateway>
  readonly seal: (principal?: Principal) => Promise<string>
}

export async function serveNotes(notes: Notes, options: Partial<ServeOptions>): Promise<ServedNotes> {
  const gateway = aGateway()
  const open = createOpener({ audience: 'notes', trusted: gateway.trusted, clock: systemClock })
  const defaults = { host: '127.0.0.1', port: 0, open, ready: async () => true, logger: silentLogger }
  const served = await serveSubgraph(notes.subgraph, { ...defaults, ...options })
  return { ...served, gateway, seal: gateway.seal }
}
