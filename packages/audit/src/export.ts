/** Audit records in a file: the links of a time with their records, from a place to a place, so that they can be checked with nothing else. */
import { type Keyring, sameBytes } from '@latchkey/secrets'
import { type Head, judgeHead, type Reach, signHead } from './head.ts'
import { canonicalRecord, type KeptRecord, linkAfter, type Place } from './link.ts'
import type { ChainStore, Period } from './store.ts'

export interface ExportDependencies {
  readonly chain: string
  readonly store: ChainStore
  readonly keyring: Keyring
}

const pageMax = 1_000

const wordOf = ({ seq, hash }: Place) => ({ seq, hash: hash.toString('hex') })

/** Its signature is no head's: a file cannot be put in place of what a chain says of itself. */
const named = (chain: string) => `${chain}, exported`

async function placeAt(store: ChainStore, head: Head, seq: number): Promise<Place | null> {
  if (seq === head.from.seq) return head.from
  const hash = await store.hashAt(seq)
  return hash && { seq, hash }
}

/** `null`: nothing was written in that time. */
async function reachOf(store: ChainStore, period: Period): Promise<Reach | null> {
  const head = await store.head()
  const edges = head && (await store.edges(period))
  if (!edges) return null
  const [from, to] = [await placeAt(store, head, edges.first - 1), await placeAt(store, head, edges.last)]
  if (!from || !to) throw new Error('a link is gone: see audit verify')
  return { from, to }
}

/**
 * Lines of JSON: where the part begins, its links in order, and where it ends, signed. In a chain records stand as they were
 * committed and not quite by time: all from the first to the last of the period are in it.
 * @throws Error when a record is not as it was written: what is exported can be checked.
 */
export async function* exportLines(
  { chain, store, keyring }: ExportDependencies,
  period: Period,
): AsyncGenerator<string> {
  const reach = await reachOf(store, period)
  if (!reach) return
  yield JSON.stringify({ chain, after: wordOf(reach.from) })
  let before = reach.from
  while (before.seq < reach.to.seq) {
    const links = await store.links(before.seq, pageMax)
    for (const { seq, record } of links.filter((link) => link.seq <= reach.to.seq)) {
      if (!record || seq !== before.seq + 1)
        throw new Error(`${chain}: record ${before.seq + 1} is gone: see audit verify`)
      before = linkAfter(before, chain, record)
      yield `{"link":${JSON.stringify(wordOf(before))},"record":${canonicalRecord(record)}}`
    }
    if (links.length === 0) throw new Error(`${chain}: its end is gone: see audit verify`)
  }
  if (!sameBytes(before.hash, reach.to.hash)) throw new Error(`${chain}: records were altered: see audit verify`)
  const { keyId, mac } = signHead(keyring, named(chain), { from: reach.from, to: before })
  yield JSON.stringify({ chain, upTo: wordOf(before), signed: { keyId, mac: mac.toString('base64url') } })
}

export interface CheckedPart extends Reach {
  readonly chain: string
}

export type ExportVerdict =
  | { readonly outcome: 'sound'; readonly parts: readonly CheckedPart[] }
  | { readonly outcome: 'faulty'; readonly line: number; readonly says: string }

interface Begun {
  readonly chain: string
  readonly from: Place
  readonly to: Place
}

type Words = Readonly<Record<string, unknown>>

const isWords = (value: unknown): value is Words => typeof value === 'object' && value !== null && !Array.isArray(value)

function placeIn(value: unknown): Place | null {
  if (!isWords(value) || typeof value.seq !== 'number' || typeof value.hash !== 'string') return null
  const hash = Buffer.from(value.hash, 'hex')
  return hash.length === 32 ? { seq: value.seq, hash } : null
}

const parsed = (line: string): Words => {
  try {
    const value: unknown = JSON.parse(line)
    return isWords(value) ? value : {}
  } catch {
    return {}
  }
}

/** The record as `linkAfter` takes it: what is hashed is the whole line, whatever members it has. */
const recordIn = (value: unknown): KeptRecord | null => {
  if (!isWords(value) || typeof value.at !== 'string' || Number.isNaN(Date.parse(value.at))) return null
  return { ...(value as unknown as KeptRecord), at: new Date(value.at) } // hashed, and not used
}

function afterLink(part: Begun, words: Words): Begun | string {
  const [link, record] = [placeIn(words.link), recordIn(words.record)]
  if (!link || !record) return 'is no record'
  if (link.seq !== part.to.seq + 1) return `record ${part.to.seq + 1} was removed before it`
  const to = linkAfter(part.to, part.chain, record)
  return sameBytes(to.hash, link.hash) ? { ...part, to } : `record ${link.seq} was altered or moved`
}

function endedPart({ chain, from, to }: Begun, words: Words, keyring: Keyring): CheckedPart | string {
  const [upTo, { keyId, mac } = {} as Words] = [placeIn(words.upTo), isWords(words.signed) ? words.signed : {}]
  if (words.chain !== chain || !upTo || upTo.seq !== to.seq || !sameBytes(upTo.hash, to.hash))
    return `records were removed before it: it ends at ${upTo?.seq ?? 'no place'}`
  const signature = { keyId: String(keyId), mac: Buffer.from(String(mac), 'base64url') }
  const verdict = judgeHead(keyring, named(chain), { from, to, ...signature })
  return verdict === 'signed' ? { chain, from, to } : `was not signed by this installation (${verdict})`
}

/** Checks a file by itself and the keyring; the stores are not asked. Names the first line that is not as it was written. */
export async function verifyExport(lines: AsyncIterable<string>, keyring: Keyring): Promise<ExportVerdict> {
  const parts: CheckedPart[] = []
  let part: Begun | null = null
  let line = 0
  const faulty = (says: string): ExportVerdict => ({ outcome: 'faulty', line, says })
  for await (const text of lines) {
    line += 1
    const words = parsed(text)
    const after = placeIn(words.after)
    if (!part) {
      if (!after || typeof words.chain !== 'string') return faulty('does not begin a chain')
      part = { chain: words.chain, from: after, to: after }
    } else if (words.link) {
      const next: Begun | string = afterLink(part, words)
      if (typeof next === 'string') return faulty(next)
      part = next
    } else {
      const ended: CheckedPart | string = endedPart(part, words, keyring)
      if (typeof ended === 'string') return faulty(ended)
      parts.push(ended)
      part = null
    }
  }
  return part ? faulty('is the last, and no end') : { outcome: 'sound', parts }
}
