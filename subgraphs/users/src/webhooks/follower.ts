/** The follower makes deliveries of what was committed: it walks each audit chain from place to place, so that it misses nothing and sends nothing before it is so. */
import { type PlacedRecord, type ReadTail, type TailStart, tailLimitMax } from '@latchkey/audit'
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'
import { isSentTo } from './endpoint.ts'
import { eventOf } from './event.ts'
import type { WorkedEndpoint, WorkStore } from './store.ts'

export interface Follower {
  /** Follows every chain up to its end; how many deliveries that made here. A chain that cannot be read now waits for the next turn. */
  follow(endpoints: readonly WorkedEndpoint[]): Promise<number>
}

export interface FollowerDependencies {
  readonly store: Pick<WorkStore, 'endpoints' | 'cursors' | 'follow'>
  /** By the name of the subgraph, how its chain is read. */
  readonly tails: Readonly<Record<string, ReadTail>>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  /** Told whenever a chain was read up to its end. */
  readonly wasRead: (chain: string) => void
}

const oldestOf = (endpoints: readonly WorkedEndpoint[]): Date =>
  new Date(Math.min(...endpoints.map(({ createdAt }) => createdAt.getTime())))

export function createFollower(dependencies: FollowerDependencies): Follower {
  const { store, tails, clock, entropy, logger, wasRead } = dependencies

  /** Endpoints are read after the records: one that was there before a record was made is among them. */
  async function deliveriesOf(chain: string, placed: readonly PlacedRecord[]) {
    const endpoints = await store.endpoints(clock.now())
    return placed.flatMap(({ record }) => {
      const event = eventOf(chain, record)
      return endpoints
        .filter((endpoint) => isSentTo(endpoint, event))
        .map(({ id: endpointId }) => ({ id: newId(entropy, 'whd'), endpointId, event }))
    })
  }

  async function followChain(
    chain: string,
    read: ReadTail,
    begin: { at: number | null; since: Date },
  ): Promise<number> {
    let [at, made] = [begin.at, 0]
    for (;;) {
      const start: TailStart = at === null ? { since: begin.since } : { after: at }
      const placed = await read({ start, limit: tailLimitMax })
      const last = placed.at(-1)
      if (!last) break
      const deliveries = await deliveriesOf(chain, placed)
      const outcome = await store.follow({ chain, was: at, now: last.seq, deliveries, at: clock.now() })
      if (outcome === 'late') break
      at = last.seq
      made += deliveries.length
      if (placed.length < tailLimitMax) break
    }
    wasRead(chain)
    return made
  }

  const failing = new Set<string>()
  async function tryChain(chain: string, work: () => Promise<number>): Promise<number> {
    try {
      const made = await work()
      failing.delete(chain)
      return made
    } catch (error) {
      if (!failing.has(chain)) logger.warn({ err: error, chain }, 'webhooks wait: the audit chain cannot be followed')
      failing.add(chain)
      return 0
    }
  }

  return {
    async follow(endpoints) {
      if (endpoints.length === 0) return 0
      const cursors = await store.cursors()
      const since = oldestOf(endpoints)
      const made = await Promise.all(
        Object.entries(tails).map(([chain, read]) =>
          tryChain(chain, () => followChain(chain, read, { at: cursors.get(chain) ?? null, since })),
        ),
      )
      return made.reduce((sum, count) => sum + count, 0)
    },
  }
}
