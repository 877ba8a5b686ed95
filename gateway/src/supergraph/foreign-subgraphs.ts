/** Subgraphs of other teams: reached when a supergraph names them, left when the last request is over that may ask them. */
import type { Sealer } from '@latchkey/principal/envelope'
import { type HttpTransport, httpTransport } from '@latchkey/subgraph/over-http'
import type { SubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { SubgraphWaits } from '@latchkey/subgraph/waits'
import { readSupergraph } from '../execute/supergraph.ts'
import { ownSubgraphName } from '../explain/subgraph.ts'

export interface ForeignSubgraphsOptions {
  /** Of these the gateway knows by other ways. */
  readonly ours: readonly string[]
  /** Where they are; the others are where the supergraph says. */
  readonly urls: SubgraphUrls
  /** Who is asked about names in these; the machine's own unless said. */
  readonly nameServers?: readonly string[]
  readonly seal: Sealer
  /** How long they are waited for; as usual unless said. */
  readonly waits?: SubgraphWaits
}

/** The ways to the subgraphs of a supergraph that may come to be served. */
export interface Reached {
  readonly transports: Readonly<Record<string, SubgraphTransport>>
  /** From now on it is served. Answers what closes the ways that only the one before needed. */
  take(): () => Promise<void>
  /** It is not: what was opened for it is closed. */
  drop(): Promise<void>
}

export interface ForeignSubgraphs {
  /** Opens what is not open yet. @throws Error when the supergraph is none, or does not say where a subgraph is. */
  reach(supergraphSdl: string): Reached
  close(): Promise<void>
}

interface Way {
  /** Another replica makes it another way. */
  readonly urls: string
  readonly transport: HttpTransport
}

type Ways = ReadonlyMap<string, Way>

/** Each is asked over HTTP, with a principal sealed for it alone. */
export function createForeignSubgraphs(options: ForeignSubgraphsOptions): ForeignSubgraphs {
  const { ours, urls: given, nameServers, seal, waits } = options
  let held: Ways = new Map()
  const open = (subgraph: string, urls: readonly string[]): Way => ({
    urls: urls.join(),
    transport: httpTransport({
      ...{ subgraph, urls, nameServers, ...waits },
      seal: (principal, onBehalf) => seal(principal, subgraph, onBehalf),
    }),
  })
  const wayTo = (name: string, url: string): Way => {
    const urls = given[name] ?? [url]
    if (!urls.every((each) => URL.canParse(each))) throw new Error(`nothing says where the subgraph ${name} is`)
    const known = held.get(name)
    return known?.urls === urls.join() ? known : open(name, urls)
  }
  return {
    reach(supergraphSdl) {
      const known = [...ours, ownSubgraphName]
      const foreign = readSupergraph(supergraphSdl).subgraphs.filter(({ name }) => !known.includes(name))
      const next: Ways = new Map(foreign.map(({ name, url }) => [name, wayTo(name, url)]))
      return {
        transports: Object.fromEntries([...next].map(([name, { transport }]) => [name, transport])),
        take() {
          const left = waysOnlyIn(held, next)
          held = next
          return () => closeAll(left)
        },
        drop: () => closeAll(waysOnlyIn(next, held)),
      }
    },
    close: () => closeAll([...held.values()]),
  }
}

const waysOnlyIn = (these: Ways, others: Ways): readonly Way[] =>
  [...these].filter(([name, way]) => others.get(name) !== way).map(([, way]) => way)

async function closeAll(ways: readonly Way[]): Promise<void> {
  await Promise.all(ways.map(({ transport }) => transport.close()))
}
