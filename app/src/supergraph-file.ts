/** Which supergraph is served: the one that was named, or the repository's own, which must then be fresh. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openSupergraph, type SupergraphOrigin } from '@latchkey/gateway'
import { composeCommand } from '@latchkey/gateway/compose'
import { createSealer } from '@latchkey/principal/envelope'
import type { SupergraphSource } from '@latchkey/subgraph/supergraph-source'
import type { Config } from './config.ts'
import { fault } from './embedded/fault.ts'
import type { Foundation } from './foundation.ts'

// The same place from `src` and from `dist`.
const inRoot = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))

export const supergraphFileOf = ({ supergraphFile }: Pick<Config, 'supergraphFile'>): string =>
  supergraphFile ?? inRoot('supergraph.graphql')

type Parts = Pick<Foundation, 'config' | 'secrets' | 'clock' | 'logger'>

/** What is served and followed. Rejects with a Fault that names the file and what is wrong there. */
export const openServedSupergraph = (parts: Parts): Promise<SupergraphSource> =>
  openSupergraph(originOf(parts), parts.logger).catch((thrown: Error) => {
    throw fault(thrown.message, thrown)
  })

function originOf({ config, secrets, clock }: Parts): SupergraphOrigin {
  const { supergraphFile: file, supergraphConfig, dataDir: keptIn } = config
  if (supergraphConfig === null) return { kind: 'file', file: supergraphFileOf(config) }
  const seal = createSealer({ issuer: 'gateway', privateKey: () => secrets.signingKey('gateway'), clock })
  return { kind: 'composed', config: supergraphConfig, writtenTo: file, keptIn, seal }
}

/** Throws a Fault when the schemas have changed since they were composed. What was named is taken as it is. */
export function requireFreshSupergraph(config: Pick<Config, 'supergraphFile' | 'supergraphConfig'>): void {
  const source = inRoot('supergraph.yaml')
  if (config.supergraphFile || config.supergraphConfig || !existsSync(source)) return
  const { exitCode, lines } = composeCommand(['--check', '--config', source, '--output', inRoot('supergraph.graphql')])
  if (exitCode !== 0) throw fault(lines.join('\n'))
}
