/** Keys whose access list names what a schema does not have; an operator reads it, and a pipeline stops at it. */
import { readFileSync } from 'node:fs'
import type { ApiKeysApplication, StaleKey } from '@latchkey/api-keys'
import { type PublicGraph, readPublicGraph } from '@latchkey/public-graph'
import { fault } from './embedded/fault.ts'

/** By what name a running process is asked. */
export const staleKeysCommand = 'api-keys stale'

/** Of the schema that is served, or of the supergraph in a file. Rejects with a line for each key when there is any. */
export type StaleKeysReport = (supergraphFile: string) => Promise<string>

export const createStaleKeysReport =
  ({ checkAccess, staleUnder }: Pick<ApiKeysApplication, 'checkAccess' | 'staleUnder'>): StaleKeysReport =>
  async (supergraphFile) => {
    const stale = supergraphFile === '' ? await checkAccess() : await staleUnder(readGraph(supergraphFile))
    if (stale.length > 0) throw fault([...stale.map(lineOf), summaryOf(stale)].join('\n'))
    return 'No access list of a key names what the schema does not have.'
  }

function readGraph(file: string): PublicGraph {
  try {
    return readPublicGraph(readFileSync(file, 'utf8'))
  } catch (error) {
    throw fault(
      `${file} cannot be read as a supergraph: ${error instanceof Error ? error.message : String(error)}`,
      error,
    )
  }
}

const lineOf = ({ keyId, missing }: StaleKey): string => `${keyId}  ${missing.join(' ')}`

const summaryOf = ({ length }: readonly StaleKey[]): string =>
  length === 1
    ? 'The access list of 1 key names what the schema does not have.'
    : `The access lists of ${length} keys name what the schema does not have.`
