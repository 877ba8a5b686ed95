/** What a subgraph counts of its outbox: how much waits there, for how long, and how late each errand was done. */
import { type Clock, secondMs } from '@latchkey/clock'
import { gaugesOf, timingOf } from '@latchkey/telemetry/metrics'

/** What waits of one kind of errand; what nobody may do yet is not waiting. */
export interface Waiting {
  readonly kind: string
  readonly count: number
  /** Since when the first of them could have been done. */
  readonly oldestAt: Date
  /** How many failed so often that nobody tries again. */
  readonly givenUp: number
}

export interface BacklogWatch {
  /** Looks now and every ten seconds. */
  start(): void
  close(): void
}

interface BacklogDependencies {
  /** Whose outbox it is: a closed set of names. */
  readonly outbox: string
  /** One for each kind of which anything waits. Kinds are a closed set. */
  readonly read: () => Promise<readonly Waiting[]>
  readonly clock: Clock
}

const labels = ['outbox', 'kind'] as const
const counts = gaugesOf('latchkey_outbox_waiting', 'Errands that could be done and are not; 10,000 at most.', labels)
const ages = gaugesOf('latchkey_outbox_oldest_seconds', 'How long the first of them has waited.', labels)
const givenUp = gaugesOf('latchkey_outbox_given_up', 'Errands that failed too often and wait for an operator.', labels)
const delays = timingOf('latchkey_errand_delay_seconds', 'From a change to when what follows from it was done.', labels)

const lookEveryMs = 10 * secondMs

/** A failure to look leaves what was seen last: it grows older, and is told as that. */
export function watchBacklog({ outbox, read, clock }: BacklogDependencies): BacklogWatch {
  let timer: NodeJS.Timeout | undefined
  let seen: ReadonlyMap<string, Waiting> = new Map()
  const told = new Set<string>()

  function tell(kind: string): void {
    if (told.has(kind)) return
    told.add(kind)
    const ageMs = ({ oldestAt }: Waiting) => Math.max(0, clock.now().getTime() - oldestAt.getTime())
    const of = { outbox, kind }
    counts.of(of, () => seen.get(kind)?.count ?? 0)
    givenUp.of(of, () => seen.get(kind)?.givenUp ?? 0)
    ages.of(of, () => {
      const waiting = seen.get(kind)
      return waiting && waiting.count > 0 ? ageMs(waiting) / secondMs : 0
    })
  }

  async function look(): Promise<void> {
    const found = await read().catch(() => null)
    if (!found) return
    seen = new Map(found.map((waiting) => [waiting.kind, waiting]))
    for (const kind of seen.keys()) tell(kind)
  }

  return {
    start() {
      timer ??= setInterval(look, lookEveryMs).unref()
      void look()
    },
    close: () => clearInterval(timer),
  }
}

interface Done {
  readonly outbox: string
  readonly kind: string
  /** When the change was made that it follows from. */
  readonly changedAt: Date
}

export const countErrand = ({ outbox, kind, changedAt }: Done, now: Date): void =>
  delays.observe({ outbox, kind }, Math.max(0, now.getTime() - changedAt.getTime()) / secondMs)
