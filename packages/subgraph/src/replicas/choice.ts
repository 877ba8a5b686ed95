/** Which replica is asked next: of two drawn at random the one with less to do, and none that is out or about to leave. */
import { secondMs } from '@latchkey/clock'
import { type Rank, usualRank } from './place.ts'

export interface ReplicaChoice<Replica> {
  /**
   * Those who were tried for this request come last. A change is not what finds out whether somebody is back: it cannot be asked
   * again. `undefined`: there is nobody.
   */
  next(tried?: ReadonlySet<Replica>, asked?: 'question' | 'change'): Replica | undefined
  /** A request is on its way. Says what became of it; `leaving`: it told that it takes no more by this connection. */
  begun(replica: Replica): (outcome: 'answered' | 'leaving' | 'failed' | 'refused' | 'abandoned') => void
  /** From now on there are these, all of the same rank unless said; what is known of those that stay is kept. */
  replace(replicas: readonly Replica[], rankOf?: (replica: Replica) => Rank): void
}

export interface ChoiceTerms {
  readonly nowMs: () => number
  /** From 0 to below 1. */
  readonly random: () => number
}

interface Standing {
  rank: Rank
  inFlight: number
  failuresInARow: number
  timesOut: number
  outUntilMs: number
  leavingUntilMs: number
  /** Until then, or until a question was answered. */
  doubtedUntilMs: number
}

/** So many failures in a row put a replica out, and one refused connection does. */
const failuresMax = 3
const outForMs = 250
/** A replica that came back is found within this time. */
const outForMsMax = 2 * secondMs
/** Who said that it leaves is gone soon; a new one under the same address has to be found, too. */
const leavingForMs = 2 * secondMs
/** Where nobody asks questions, changes have to find out. */
const doubtedForMs = 10 * secondMs

const fresh = (): Standing => ({
  rank: usualRank,
  ...{ inFlight: 0, failuresInARow: 0, timesOut: 0 },
  ...{ outUntilMs: 0, leavingUntilMs: 0, doubtedUntilMs: 0 },
})

type Candidates<Replica> = readonly (readonly [Replica, Standing])[]

/** Those of the first priority that has any. */
function foremost<Replica>(some: Candidates<Replica>): Candidates<Replica> {
  const first = Math.min(...some.map(([, { rank }]) => rank.priority))
  return some.filter(([, { rank }]) => rank.priority === first)
}

/** At most half are out: when everybody fails, it is not the replicas that are wrong, and somebody has to be asked. */
export function createReplicaChoice<Replica>({ nowMs, random }: ChoiceTerms): ReplicaChoice<Replica> {
  let standings = new Map<Replica, Standing>()

  const isOut = ({ outUntilMs }: Standing) => outUntilMs > nowMs()
  const isLeaving = ({ leavingUntilMs }: Standing) => leavingUntilMs > nowMs()
  const isDoubted = ({ doubtedUntilMs }: Standing) => doubtedUntilMs > nowMs()
  const outCount = () => [...standings.values()].filter(isOut).length

  function putOut(standing: Standing): void {
    standing.failuresInARow = 0
    if (isOut(standing) || outCount() >= Math.floor(standings.size / 2)) return
    standing.outUntilMs = nowMs() + Math.min(outForMs * 2 ** standing.timesOut, outForMsMax)
    standing.doubtedUntilMs = standing.outUntilMs + doubtedForMs
    standing.timesOut += 1
  }

  function failed(standing: Standing, most: number): void {
    standing.failuresInARow += 1
    if (standing.failuresInARow >= most) putOut(standing)
  }

  function answered(standing: Standing): void {
    standing.failuresInARow = 0
    standing.timesOut = 0
    // What was asked before it said that it leaves proves nothing.
    if (!isLeaving(standing)) standing.doubtedUntilMs = 0
  }

  function leaves(standing: Standing): void {
    standing.leavingUntilMs = nowMs() + leavingForMs
    standing.doubtedUntilMs = standing.leavingUntilMs + doubtedForMs
  }

  /** The best of those there are: in order and staying (and beyond doubt, for a change), else in order, else anybody. */
  function candidates(tried: ReadonlySet<Replica>, asked: 'question' | 'change'): Candidates<Replica> {
    const all = [...standings].filter(([replica]) => !tried.has(replica))
    const inOrder = all.filter(([, standing]) => !isOut(standing))
    const staying = inOrder.filter(([, standing]) => !isLeaving(standing))
    const proven = asked === 'change' ? staying.filter(([, standing]) => !isDoubted(standing)) : staying
    return foremost([proven, staying, inOrder, all].find(({ length }) => length > 0) ?? [])
  }

  /** One of them, drawn by weight. */
  function draw(some: Candidates<Replica>): Candidates<Replica>[number] | undefined {
    let left = random() * some.reduce((sum, [, { rank }]) => sum + rank.weight, 0)
    for (const one of some) {
      left -= one[1].rank.weight
      if (left < 0) return one
    }
    return some.at(-1)
  }

  const loadOf = ({ inFlight, rank }: Standing) => inFlight / rank.weight

  function lessBusy(some: Candidates<Replica>): Replica | undefined {
    const one = draw(some)
    const other = draw(some.filter((candidate) => candidate !== one)) ?? one
    if (!one || !other) return undefined
    return loadOf(other[1]) < loadOf(one[1]) ? other[0] : one[0]
  }

  return {
    next: (tried = new Set(), asked = 'question') =>
      lessBusy(candidates(tried, asked)) ?? lessBusy(candidates(new Set(), asked)),
    begun(replica) {
      const standing = standings.get(replica) ?? fresh()
      standing.inFlight += 1
      return (outcome) => {
        standing.inFlight -= 1
        if (outcome === 'answered' || outcome === 'leaving') answered(standing)
        if (outcome === 'leaving') leaves(standing)
        if (outcome === 'failed') failed(standing, failuresMax)
        if (outcome === 'refused') failed(standing, 1)
      }
    },
    replace(replicas, rankOf = () => usualRank) {
      standings = new Map(replicas.map((replica) => [replica, standings.get(replica) ?? fresh()]))
      for (const [replica, standing] of standings) standing.rank = rankOf(replica)
    },
  }
}
