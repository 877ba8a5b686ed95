/** Hands on what was done with keys, beside the requests: gathered for a moment, sent in batches, kept while nobody takes them. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Clock, type Entropy, newId, secondMs } from '@latchkey/clock'
import { type KeyUse, type UsageBatch, type UsageStream, writeBatch } from '@latchkey/principal/key-usage'
import type { Logger } from '@latchkey/telemetry'
import { countOf } from '@latchkey/telemetry/metrics'

const fates = countOf('latchkey_key_uses_recorded_total', 'Uses of keys, by what a gateway did with them.', ['fate'])
const batchesTrimmed = countOf(
  'latchkey_key_use_batches_trimmed_total',
  'Batches of uses of keys that gave way to newer ones before they were counted.',
  [],
)

export interface RecorderDependencies {
  readonly stream: Pick<UsageStream, 'add'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  /** How many uses are kept at most while the stream is away. */
  readonly keptMax?: number
}

export interface UsageRecorder {
  /** Takes a microsecond, waits for nothing and never throws. */
  record(use: KeyUse): void
  /** Sends what is left, for two seconds at most. */
  close(): Promise<void>
}

const gatherMs = 100
const batchMax = 500
const textMax = 262_144
const keptCharactersMax = 33_554_432
const batchesAtOnce = 20
const closeWithinMs = 2 * secondMs
const pauseMaxMs = 2 * secondMs
const tellEveryMs = 10 * secondMs

export function createUsageRecorder(dependencies: RecorderDependencies): UsageRecorder {
  const { stream, clock, entropy, logger, keptMax = 50_000 } = dependencies
  const producer = newId(entropy, 'gw')
  let gathering: KeyUse[] = []
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | null = null
  let state: 'open' | 'closing' | 'given up' = 'open'
  /** Written once, so that a batch that is sent again is the same batch. */
  const written: { readonly text: string; readonly uses: number }[] = []
  let kept = 0
  let keptCharacters = 0
  let numbered = 0
  let sequence = 0
  let previousAtMs: number | null = null
  const dropped = createTally(
    logger,
    'uses of keys were dropped: the stream takes none, and no more can be kept',
    (count) => fates.add({ fate: 'dropped' }, count),
  )
  const trimmed = createTally(
    logger,
    'batches of uses of keys gave way to newer ones before they were counted',
    (count) => batchesTrimmed.add({}, count),
  )

  function gathered(): void {
    clearTimeout(timer)
    timer = undefined
    if (gathering.length === 0) return
    const uses = gathering
    gathering = []
    write(uses)
    sending ??= send().finally(() => {
      sending = null
    })
  }

  /** Whoever makes up large operations makes more batches, not larger ones. */
  function write(uses: readonly KeyUse[]): void {
    const atMs = clock.now().getTime()
    const batch: UsageBatch = { producer, sequence: sequence + 1, before: numbered, atMs, previousAtMs, uses }
    const text = writeBatch(batch)
    if (text.length > textMax && uses.length > 1) {
      const half = Math.ceil(uses.length / 2)
      write(uses.slice(0, half))
      write(uses.slice(half))
    } else keep(batch, text)
  }

  /** The numbers are spent, whether or not there is room: whoever counts sees what is missing. */
  function keep({ uses, ...batch }: UsageBatch, text: string): void {
    sequence = batch.sequence
    numbered += uses.length
    previousAtMs = batch.atMs
    if (kept + uses.length > keptMax || keptCharacters + text.length > keptCharactersMax) dropped.add(uses.length)
    else {
      kept += uses.length
      keptCharacters += text.length
      written.push({ text, uses: uses.length })
    }
  }

  async function send(): Promise<void> {
    for (let failures = 0; written.length > 0 && state !== 'given up'; ) {
      const leaving = written.slice(0, batchesAtOnce)
      try {
        trimmed.add((await stream.add(leaving.map(({ text }) => text))).trimmed)
        failures = 0
        for (const { text, uses } of written.splice(0, leaving.length)) {
          kept -= uses
          fates.add({ fate: 'sent' }, uses)
          keptCharacters -= text.length
        }
      } catch (error) {
        failures += 1
        if (failures === 1) logger.warn({ err: error }, 'the usage of keys waits')
        await pause(Math.min(gatherMs * 2 ** failures, pauseMaxMs), undefined, { ref: false })
      }
    }
  }

  return {
    record(use) {
      gathering.push(use)
      if (gathering.length >= batchMax) gathered()
      else timer ??= setTimeout(gathered, gatherMs).unref()
    },
    async close() {
      gathered()
      state = 'closing'
      await Promise.race([sending, pause(closeWithinMs)])
      state = 'given up'
      dropped.add(kept)
      dropped.tell()
    },
  }
}

/** Counts what is lost, and says so at once and then every ten seconds. */
function createTally(logger: Logger, sentence: string, countInto: (count: number) => void) {
  let total = 0
  let untold = 0
  let toldAt = Number.NEGATIVE_INFINITY
  const tell = () => {
    if (untold === 0) return
    toldAt = performance.now()
    logger.error({ count: untold, total }, sentence)
    untold = 0
  }
  return {
    tell,
    add(count: number) {
      if (count === 0) return
      countInto(count)
      total += count
      untold += count
      if (performance.now() - toldAt >= tellEveryMs) tell()
    },
  }
}
