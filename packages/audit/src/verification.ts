/** Verification of a chain: walks all that is kept and names the first thing that is not as it was written. */
import { type Keyring, sameBytes } from '@latchkey/secrets'
import { type Head, type HeadVerdict, judgeHead } from './head.ts'
import { linkAfter, origin, type Place } from './link.ts'
import type { ChainStore, KeptLink } from './store.ts'

/** What is wrong, in words for an operator. Names records by id and place; never what they say. */
export interface Fault {
  readonly kind: 'altered' | 'removed' | 'truncated' | 'added' | 'head' | 'another-past'
  readonly says: string
}

export type Verdict =
  | { readonly outcome: 'sound'; readonly from: Place; readonly to: Place; readonly waiting: number }
  | { readonly outcome: 'faulty'; readonly fault: Fault }

export interface VerificationDependencies {
  readonly chain: string
  readonly store: ChainStore
  readonly keyring: Keyring
}

/** Called with how many links were looked at. */
export type Told = (checked: number) => void

const pageMax = 1_000

const faulty = (kind: Fault['kind'], says: string): Verdict => ({ outcome: 'faulty', fault: { kind, says } })

function judgeLink(before: Place, chain: string, { seq, hash, recordId, record }: KeptLink): Fault | null {
  if (seq !== before.seq + 1) return { kind: 'removed', says: `link ${before.seq + 1} was removed` }
  if (!record) return { kind: 'removed', says: `record ${recordId}, link ${seq}, was removed` }
  if (!sameBytes(linkAfter(before, chain, record).hash, hash))
    return { kind: 'altered', says: `record ${recordId}, link ${seq}, was altered or moved` }
  return null
}

/** Null when every link up to the head is as it was made. */
async function firstFaulty({ chain, store }: VerificationDependencies, head: Head, tell: Told): Promise<Fault | null> {
  let before = head.from
  while (before.seq < head.to.seq) {
    const links = await store.links(before.seq, pageMax)
    if (links.length === 0) return { kind: 'truncated', says: `links ${before.seq + 1} to ${head.to.seq} were removed` }
    for (const link of links.filter(({ seq }) => seq <= head.to.seq)) {
      const fault = judgeLink(before, chain, link)
      if (fault) return fault
      before = link
    }
    if (links.every(({ seq }) => seq > head.to.seq))
      return { kind: 'removed', says: `links ${before.seq + 1} to ${head.to.seq} were removed` }
    tell(before.seq - head.from.seq)
  }
  return sameBytes(before.hash, head.to.hash)
    ? null
    : { kind: 'altered', says: `link ${before.seq} is not the one that was signed` }
}

const ofHead: Readonly<Record<Exclude<HeadVerdict, 'signed'>, string>> = {
  forged: 'its head was not signed by this installation',
  'unknown-key': 'its head is signed under a version that the keyring does not hold',
}

/** Whether the past up to a place is the one that a checkpoint saw. */
async function comparedWith(place: Place, head: Head, store: ChainStore): Promise<Fault | null> {
  const { from, to } = head
  if (place.seq > to.seq)
    return { kind: 'truncated', says: `links ${to.seq + 1} to ${place.seq} are gone from its end` }
  if (place.seq < from.seq)
    return {
      kind: 'another-past',
      says: `the checkpoint is older than anything kept: records up to link ${from.seq} were removed in their time`,
    }
  const hash = place.seq === from.seq ? from.hash : await store.hashAt(place.seq)
  return hash && sameBytes(hash, place.hash)
    ? null
    : { kind: 'another-past', says: `the past up to link ${place.seq} is not the one that the checkpoint saw` }
}

/** What is beside the links: a record that has none, and does not wait for one. */
async function strayIn(store: ChainStore): Promise<Fault | null> {
  const { unaccounted, removedWaiting } = await store.strays()
  if (removedWaiting[0])
    return { kind: 'removed', says: `record ${removedWaiting[0]} was removed before it had a place` }
  if (unaccounted[0])
    return { kind: 'added', says: `record ${unaccounted[0]} has no place: it was written past the chain` }
  return null
}

/** Reads while the system writes: what is sealed meanwhile is left to the next time. */
export async function verifyChain(
  dependencies: VerificationDependencies,
  { checkpoint, tell = () => {} }: { readonly checkpoint?: Place | undefined; readonly tell?: Told } = {},
): Promise<Verdict> {
  const { chain, store, keyring } = dependencies
  const head = await store.head()
  if (!head) {
    if (checkpoint && checkpoint.seq > 0)
      return faulty('truncated', `links 1 to ${checkpoint.seq} are gone: it is empty`)
    if ((await store.links(0, 1)).length > 0) return faulty('head', 'its head was removed')
    return { outcome: 'sound', from: origin, to: origin, waiting: await store.waitingCount() }
  }
  const signature = judgeHead(keyring, chain, head)
  if (signature !== 'signed') return faulty('head', ofHead[signature])
  const fault =
    (await firstFaulty(dependencies, head, tell)) ??
    (checkpoint ? await comparedWith(checkpoint, head, store) : null) ??
    (await strayIn(store))
  if (!fault) return { outcome: 'sound', from: head.from, to: head.to, waiting: await store.waitingCount() }
  // What went because its time was over went with its links: begin again where the chain begins now.
  const now = await store.head()
  if (now && now.from.seq !== head.from.seq) return verifyChain(dependencies, { checkpoint, tell })
  return { outcome: 'faulty', fault }
}
