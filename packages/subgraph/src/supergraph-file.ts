/** A composed supergraph in a file, which somebody may put another one in place of. */
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { SupergraphSupply } from './supergraph-source.ts'

const settleMs = 100
const settledWithin = 50

/**
 * Looks at what the file holds, never at what the file system says of it: whether it is written in place, renamed over or reached
 * by a link that now leads elsewhere (as Kubernetes changes a ConfigMap) is all the same. A text that is still being written is
 * not taken for a whole one.
 */
export function supergraphFile(file: string): SupergraphSupply {
  const read = () =>
    readFile(file, 'utf8').catch((thrown: unknown) => {
      throw new Error(
        `${file}: cannot read the supergraph: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      )
    })
  let last: string | undefined
  return {
    file,
    async read() {
      let text = await read()
      for (let times = 0; text !== last && times < settledWithin; times++) {
        last = text
        await pause(settleMs)
        text = await read()
      }
      return text
    },
  }
}
