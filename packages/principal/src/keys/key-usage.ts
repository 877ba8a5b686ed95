/** What was done with keys: one use for each request that came with one, on its way from the gateways to whoever counts. */

/** An operation as usage knows it. What it is called settles what it touches: the same id never has other coordinates. */
export interface UsedOperation {
  /** Its name, shortened, and a hash of its text without what was filled in: `Dashboard#3f0a9c1b2d4e5f60`. */
  readonly id: string
  /** `Type.field` and `Type.field(argument:)`. */
  readonly coordinates: readonly string[]
}

/** Answered whole, answered with an error of this code, or refused for this reason. */
export type UseOutcome = 'OK' | `ERROR:${string}` | `DENIED:${string}`

/** A request with a key whose secret matched. No variable, address or person is in it; the key says whose it is. */
export interface KeyUse {
  readonly keyId: string
  readonly atMs: number
  /** `null`: it was refused, or not understood, before it was known what it asks. */
  readonly operation: UsedOperation | null
  readonly outcome: UseOutcome
  /** By name, each once. */
  readonly subgraphs: readonly string[]
  readonly tookMs: number
}

/** What a gateway sends at once. It is counted whole and once, however often it arrives: producer and sequence name it. */
export interface UsageBatch {
  /** One life of one gateway. */
  readonly producer: string
  /** 1, 2, 3 …: one that is missing was lost on the way. */
  readonly sequence: number
  /** How many uses this producer had before the first of these. */
  readonly before: number
  readonly atMs: number
  /** When the one before it was made; `null`: it is the first. */
  readonly previousAtMs: number | null
  readonly uses: readonly KeyUse[]
}

/** What waits to be counted, shared by every process. Rejects with UNAVAILABLE when it cannot be reached. */
export interface UsageStream {
  /**
   * Leaves texts of batches. What was left may be there although this rejects: it may be left again. When there is no room the
   * oldest give way, and the answer says how many.
   */
  add(texts: readonly string[]): Promise<{ readonly trimmed: number }>
  /**
   * At most `max` that nobody has taken, or whose taker has not settled them in good time. A taker names one life of one
   * process.
   */
  take(taker: string, max: number): Promise<readonly TakenBatch[]>
  /** They are counted, and gone from here. */
  settle(ids: readonly string[]): Promise<void>
}

export interface TakenBatch {
  readonly id: string
  readonly text: string
}

/** For so long a batch is its taker's alone. It may be short: what two have counted counts once. */
export const takenMs = 5_000
/** So many batches wait at most. */
export const waitingMax = 50_000

type Written = readonly [
  version: 1,
  producer: string,
  sequence: number,
  before: number,
  atMs: number,
  previousAtMs: number | null,
  keys: readonly string[],
  operations: readonly (readonly [id: string, coordinates: readonly string[]])[],
  outcomes: readonly UseOutcome[],
  subgraphs: readonly (readonly string[])[],
  uses: readonly (readonly [
    key: number,
    afterMs: number,
    operation: number,
    outcome: number,
    subgraphs: number,
    tookMs: number,
  ])[],
]

/** Gives each thing that is new a number, and the same thing the same one. */
function createNumbering<Thing>() {
  const numbers = new Map<string, number>()
  const things: Thing[] = []
  const numberOf = (name: string, thing: Thing): number => {
    const known = numbers.get(name)
    if (known !== undefined) return known
    numbers.set(name, things.length)
    return things.push(thing) - 1
  }
  return { things, numberOf }
}

/** Names and coordinates are written once for the batch: a use itself takes some twenty bytes. */
export function writeBatch({ producer, sequence, before, atMs, previousAtMs, uses }: UsageBatch): string {
  const keys = createNumbering<string>()
  const operations = createNumbering<UsedOperation>()
  const outcomes = createNumbering<UseOutcome>()
  const subgraphs = createNumbering<readonly string[]>()
  const rows = uses.map(
    ({ keyId, atMs: usedAtMs, operation, outcome, subgraphs: asked, tookMs }) =>
      [
        keys.numberOf(keyId, keyId),
        usedAtMs - atMs,
        operation ? operations.numberOf(operation.id, operation) : -1,
        outcomes.numberOf(outcome, outcome),
        subgraphs.numberOf(asked.length === 1 ? (asked[0] ?? '') : asked.join(), asked),
        Math.round(tookMs * 10) / 10,
      ] as const,
  )
  const written: Written = [
    ...([1, producer, sequence, before, atMs, previousAtMs] as const),
    ...([keys.things, operations.things.map(named), outcomes.things, subgraphs.things, rows] as const),
  ]
  return JSON.stringify(written)
}

const named = ({ id, coordinates }: UsedOperation) => [id, coordinates] as const

/** `null`: this is no batch that was written here. */
export function readBatch(text: string): UsageBatch | null {
  try {
    const [
      version,
      producer,
      sequence,
      before,
      atMs,
      previousAtMs,
      keys,
      operations,
      outcomes,
      subgraphs,
      rows,
    ]: Written = JSON.parse(text)
    if (version !== 1) return null
    const known = operations.map(([id, coordinates]) => ({ id, coordinates }))
    const uses = rows.map(([key, afterMs, operation, outcome, asked, tookMs]) => ({
      keyId: at(keys, key),
      atMs: atMs + afterMs,
      operation: operation < 0 ? null : at(known, operation),
      outcome: at(outcomes, outcome),
      subgraphs: at(subgraphs, asked),
      tookMs,
    }))
    return { producer, sequence, before, atMs, previousAtMs, uses }
  } catch {
    return null
  }
}

function at<Thing>(things: readonly Thing[], number: number): Thing {
  const thing = things[number]
  if (thing === undefined) throw new RangeError('a number without a thing')
  return thing
}
