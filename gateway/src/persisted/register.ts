/** What an operator does with the file that operations are registered in. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { readPublicGraph } from '@latchkey/public-graph'
import { defaultLimits } from '../authorize/operation-limits.ts'
import { readCostMap } from '../cost/cost-map.ts'
import { createCostReader } from '../cost/planned-cost.ts'
import { createOperations } from '../operations.ts'
import { type ManifestOperation, writeManifest } from './manifest.ts'

export type { ManifestOperation } from './manifest.ts'
export { readOperationsFile } from './operations-file.ts'

/** Those of both, by id. @throws Error that names the ids that stand for another text already. */
export function joinOperations(
  registered: readonly ManifestOperation[],
  added: readonly ManifestOperation[],
): readonly ManifestOperation[] {
  const known = new Map(registered.map((each) => [each.id, each]))
  const changed = added.filter(({ id, body }) => (known.get(id)?.body ?? body) !== body)
  if (changed.length > 0)
    throw new Error(`another text is registered already as: ${changed.map(({ id }) => id).join(', ')}`)
  return [...registered, ...added.filter(({ id }) => !known.has(id))]
}

/** In its place at once, or not at all: gateways may be looking. */
export function writeOperationsFile(file: string, operations: readonly ManifestOperation[]): void {
  const unfinished = `${file}.${process.pid}.tmp`
  try {
    writeFileSync(unfinished, writeManifest(operations))
    renameSync(unfinished, file)
  } catch (thrown) {
    rmSync(unfinished, { force: true })
    throw thrown
  }
}

/** Why a supergraph does not answer them: a line for each that it does not, with its id and name. */
export function misfitsOf(supergraphSdl: string, operations: readonly ManifestOperation[]): readonly string[] {
  const graph = readPublicGraph(supergraphSdl)
  const { prepare } = createOperations<null>({
    ...{ ...graph, compile: () => null, limits: defaultLimits, schemaDetails: 'open' },
    readCost: createCostReader(graph.schema, readCostMap(supergraphSdl)),
  })
  return operations.flatMap(({ id, name, body }) => {
    try {
      prepare(body, name)
      return []
    } catch (thrown) {
      const [first] = thrown instanceof AggregateError ? thrown.errors : [thrown]
      return [`${id} (${name}): ${first instanceof Error ? first.message : String(first)}`]
    }
  })
}
