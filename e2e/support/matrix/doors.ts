/** The doors of the subgraphs: each served as a process serves it, and asked with a principal sealed for it. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { PrincipalClass } from '@latchkey/app/matrix'
import type { Clock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { createOpener, createSealer, type Sealer } from '@latchkey/principal/envelope'
import type { Subgraph } from '@latchkey/subgraph'
import { httpTransport } from '@latchkey/subgraph/over-http'
import { serveSubgraph } from '@latchkey/subgraph/serve'
import type { SubgraphResponse } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'
import type { Topology } from '../topology.ts'

const ours = ['gateway', 'users', 'sessions', 'api-keys'] as const

export interface Doors {
  ask(subgraph: string, asked: Asked): Promise<SubgraphResponse>
  close(): Promise<void>
}

interface Asked {
  readonly class: PrincipalClass
  readonly principal: Principal
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** Every door opens to every service, so that it is the rules that refuse and not the lock before them. */
export async function openDoors({ secrets }: Topology, subgraphs: readonly Subgraph[], clock: Clock): Promise<Doors> {
  const foreign = subgraphs.map(({ name }) => name).filter((name) => !ours.some((own) => own === name))
  const pairs = new Map(foreign.map((name) => [name, generateKeyPairSync('ed25519')]))
  const trusted: Record<string, KeyObject> = { ...secrets.publicKeys(...ours) }
  for (const [name, { publicKey }] of pairs) trusted[name] = publicKey
  const privateKeys = new Map<string, KeyObject>([
    ...ours.map((name) => [name, secrets.signingKey(name)] as const),
    ...[...pairs].map(([name, { privateKey }]) => [name, privateKey] as const),
  ])
  const sealers = new Map(
    [...privateKeys].map(([issuer, privateKey]): [string, Sealer] => [
      issuer,
      createSealer({ issuer, privateKey, clock }),
    ]),
  )
  /** The gateway seals for people and keys, a service for itself. */
  const seal = (principal: Principal, audience: string): Promise<string> => {
    const sealer = sealers.get(principal.kind === 'service' ? principal.name : 'gateway')
    if (!sealer) throw new Error(`nobody seals for ${JSON.stringify(principal)}`)
    return sealer(principal, audience)
  }
  const open = await Promise.all(
    subgraphs.map(async (subgraph) => {
      const served = await serveSubgraph(subgraph, {
        ...{ host: '127.0.0.1', port: 0, ready: async () => true, logger: silentLogger },
        open: createOpener({ audience: subgraph.name, trusted, clock }),
      })
      const transport = httpTransport({
        subgraph: subgraph.name,
        urls: [`${served.url}/graphql`],
        seal: (principal) => seal(principal, subgraph.name),
      })
      return { name: subgraph.name, served, transport }
    }),
  )
  return {
    async ask(subgraph, { principal, query, variables }) {
      const door = open.find(({ name }) => name === subgraph)
      if (!door) throw new Error(`no door of ${subgraph}`)
      return door.transport({ query, variables, principal, requestId: 'req_matrix' })
    },
    async close() {
      for (const { served, transport } of open) {
        await transport.close()
        await served.close()
      }
    },
  }
}
