/** The supergraph that is served, and where the next one comes from: whoever follows it is asked before it changes. */
import type { Logger } from '@latchkey/telemetry'
import { countOf, gaugeOf } from '@latchkey/telemetry/metrics'
import { oneLineOf } from './supergraph-place.ts'

/** Where a supergraph is written. */
export interface SupergraphSupply {
  /** The file at fault, for whoever reads that it is. */
  readonly file: string
  /** The supergraph as it is now. Rejects with an Error of one line that names the file and what is wrong there. */
  read(): Promise<string>
}

/** A follower that is ready for the next supergraph, which nobody serves yet. */
export interface Ready {
  /** Every follower is ready: from now on it is the next one. Must not throw. */
  take(): void
  /** Another follower has refused. */
  drop?(): void
}

/** Makes ready for the next supergraph. What it throws refuses it, for all. */
export type Follower = (supergraphSdl: string) => Ready | Promise<Ready>

export interface SupergraphSource {
  /** The one that every follower has taken: the last good one. */
  readonly current: string
  follow(follower: Follower): void
  /** What `read` makes of the current one, always. A supergraph of which it cannot make anything is refused. */
  reading<Value>(read: (supergraphSdl: string) => Value): () => Value
  /** Begins to look for the next one. */
  start(): void
  /** Looks at once, and judges anew what it has refused. Never rejects. */
  reload(): Promise<void>
  /** Resolves once nothing is looked at any more. */
  close(): Promise<void>
}

export interface SupergraphSourceOptions {
  /** The one to begin with. */
  readonly first: string
  readonly supply: SupergraphSupply
  readonly logger: Logger
  /** Between two looks; a second unless said. */
  readonly pauseMs?: number
}

const reloads = countOf(
  'latchkey_supergraph_reloads_total',
  'Other supergraphs that were found where the served one came from, by what became of them: taken, or refused.',
  ['outcome'],
)

const usualPauseMs = 1_000

/** A change that is not whole yet, or wrong, leaves everything as it is: the last good supergraph is served on. */
export function createSupergraphSource(options: SupergraphSourceOptions): SupergraphSource {
  const { supply, logger, pauseMs = usualPauseMs } = options
  const followers: Follower[] = []
  let current = options.first
  /** What the newest was refused for, and its text where it had one; `null`: the newest is served. */
  let refused: { readonly sdl: string | null; readonly reason: string } | null = null
  let state: 'new' | 'started' | 'closed' = 'new'
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()
  gaugeOf('latchkey_supergraph_refused', '1 while the newest supergraph is refused and an older one is served.', () =>
    refused ? 1 : 0,
  )

  function refuse(sdl: string | null, thrown: unknown): void {
    const reason = oneLineOf(thrown, supply.file, sdl)
    if (refused?.reason === reason && refused.sdl === sdl) return
    refused = { sdl, reason }
    reloads.add({ outcome: 'refused' })
    logger.error({ file: supply.file }, `the new supergraph is refused, the one before is served on: ${reason}`)
  }

  async function take(sdl: string): Promise<void> {
    const ready: Ready[] = []
    try {
      for (const follower of followers) ready.push(await follower(sdl))
    } catch (thrown) {
      for (const each of ready) each.drop?.()
      return refuse(sdl, thrown)
    }
    current = sdl
    refused = null
    for (const each of ready) each.take()
    reloads.add({ outcome: 'taken' })
    logger.info({ file: supply.file }, 'another supergraph is served')
  }

  async function look(): Promise<void> {
    let sdl: string
    try {
      sdl = await supply.read()
    } catch (thrown) {
      return refuse(null, thrown)
    }
    if (sdl !== current) return sdl === refused?.sdl ? undefined : take(sdl)
    if (refused) logger.info({ file: supply.file }, 'the supergraph is again the one that is served')
    refused = null
  }

  function soon(): Promise<void> {
    looking = looking.then(look).catch((err: unknown) => logger.error({ err }, 'the supergraph could not be looked at'))
    return looking
  }

  function turn(): void {
    timer = setTimeout(async () => {
      await soon()
      if (state === 'started') turn()
    }, pauseMs).unref()
  }

  const source: SupergraphSource = {
    get current() {
      return current
    },
    follow: (follower) => void followers.push(follower),
    reading(read) {
      let value = read(current)
      source.follow((sdl) => {
        const next = read(sdl)
        return {
          take() {
            value = next
          },
        }
      })
      return () => value
    },
    start() {
      if (state !== 'new') return
      state = 'started'
      turn()
    },
    reload() {
      looking = looking.then(() => {
        if (refused) refused = { sdl: null, reason: '' }
      })
      return soon()
    },
    async close() {
      state = 'closed'
      clearTimeout(timer)
      await looking
    },
  }
  return source
}
