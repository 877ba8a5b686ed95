/** A gateway that serves whatever supergraph its source has, without a request noticing. */
import type { SupergraphSource } from '@latchkey/subgraph/supergraph-source'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Gateway } from '../gateway.ts'
import type { ForeignSubgraphs } from './foreign-subgraphs.ts'

export interface FollowingDependencies {
  readonly gateway: Pick<Gateway, 'prepare'>
  /** The ways to our own subgraphs: the same as long as the process lives. */
  readonly own: Readonly<Record<string, SubgraphTransport>>
  readonly foreign: ForeignSubgraphs
}

export function followSupergraph(source: SupergraphSource, { gateway, own, foreign }: FollowingDependencies): void {
  source.follow(async (supergraphSdl) => {
    const reached = foreign.reach(supergraphSdl)
    const drop = () => void reached.drop()
    try {
      const takeOver = await gateway.prepare({ supergraphSdl, transports: { ...reached.transports, ...own } })
      return {
        drop,
        take() {
          const closeLeft = reached.take()
          void takeOver().then(closeLeft)
        },
      }
    } catch (thrown) {
      drop()
      throw thrown
    }
  })
}
