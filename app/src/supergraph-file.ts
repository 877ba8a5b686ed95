/** Which supergraph is served: the one that was named, or the repository's own, which must then be fresh. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { composeCommand } from '@latchkey/gateway/compose'
import type { Config } from './config.ts'
import { fault } from './embedded/fault.ts'

// The same place from `src` and from `dist`.
const inRoot = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))

export const supergraphFileOf = ({ supergraphFile }: Pick<Config, 'supergraphFile'>): string =>
  supergraphFile ?? inRoot('supergraph.graphql')

/** Throws a Fault when the schemas have changed since they were composed. A file that was named is taken as it is. */
export function requireFreshSupergraph({ supergraphFile }: Pick<Config, 'supergraphFile'>): void {
  const source = inRoot('supergraph.yaml')
  if (supergraphFile || !existsSync(source)) return
  const { exitCode, lines } = composeCommand(['--check', '--config', source, '--output', inRoot('supergraph.graphql')])
  if (exitCode !== 0) throw fault(lines.join('\n'))
}
