/** Finds the subgraphs of a supergraph, and what guards each. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { composeSupergraph, readSupergraphConfig } from '@latchkey/gateway/compose'
import type { GuardedGraph } from '@latchkey/subgraph/access-reader'
import type { SubgraphSource } from './matrix.ts'

export interface Loaded {
  readonly supergraphSdl: string
  readonly subgraphs: readonly SubgraphSource[]
}

/** Composes what a `supergraph.yaml` names. Throws an Error of one line for each mistake. */
export async function loadGraphs(config: string): Promise<Loaded> {
  const read = readSupergraphConfig(config)
  const composition = composeSupergraph(read)
  if ('errors' in composition) throw new Error(composition.errors.join('\n'))
  const subgraphs: SubgraphSource[] = []
  for (const { name, sdl, file } of read.subgraphs) subgraphs.push({ name, sdl, graph: await graphBeside(file) })
  return { supergraphSdl: composition.sdl, subgraphs }
}

/** A subgraph in TypeScript says what guards it: its package, in whose folder the schema is, exports it as `graph`. */
async function graphBeside(schemaFile: string): Promise<GuardedGraph | null> {
  const name = packageAround(dirname(resolve(schemaFile)))
  if (name === null) return null
  const { graph } = (await import(name)) as { readonly graph?: GuardedGraph } // what it is worth shows when it is used
  return graph ?? null
}

function packageAround(folder: string): string | null {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return dirname(folder) === folder ? null : packageAround(dirname(folder))
  const { name, exports } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; exports?: object }
  return exports ? (name ?? null) : null
}
