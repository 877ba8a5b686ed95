/** What can be done with network rules: judge an address by them, list, make and remove them. */
import { type Clock, type Entropy, newId, secondMs } from '@latchkey/clock'
import { badInput, Problem } from '@latchkey/problem'
import type { Occasion } from '../ledger/ledger.ts'
import {
  createRuleBook,
  type NetworkRule,
  type NetworkRuleKind,
  parseNetwork,
  reasonLengthMax,
  ruleLifetimeMsMax,
  rulesMax,
  type Standing,
} from './network-rule.ts'
import type { NetworkRuleStore } from './store.ts'

export interface NetworkRuleInput {
  readonly network: string
  readonly reason: string
  /** RFC 3339. */
  readonly expiresAt: string
}

export interface Networks {
  /** What the rules of at most five seconds ago say of an address. Rejects with UNAVAILABLE when nobody can say. */
  standing(address: string | undefined): Promise<Standing>
  /** Those that hold, by network; at most 1,000. */
  list(): Promise<readonly NetworkRule[]>
  /**
   * Makes a rule, in place of an earlier one for the same network. BAD_USER_INPUT for what is no network or wider than a /8 or
   * an IPv6 /16, without a reason, or for longer than a year; CONFLICT when 1,000 hold.
   */
  put(kind: NetworkRuleKind, input: NetworkRuleInput, occasion: Occasion): Promise<NetworkRule>
  /** NOT_FOUND when there is none, or it has expired. */
  remove(id: string, occasion: Occasion): Promise<NetworkRule>
}

interface NetworkDependencies {
  readonly store: NetworkRuleStore
  readonly clock: Clock
  readonly entropy: Entropy
}

const knownForMs = 5 * secondMs

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

function parseInput({ network: typed, reason: given, expiresAt: until }: NetworkRuleInput, now: Date) {
  const network = parseNetwork(typed)
  const reason = given.trim()
  const expiresAt = moment.test(until) ? new Date(until) : new Date(Number.NaN)
  const aheadMs = expiresAt.getTime() - now.getTime()
  const faults = {
    ...(!network && { 'input.network': 'must be an address or a network such as 192.0.2.0/24, no wider than a /8' }),
    ...((reason === '' || reason.length > reasonLengthMax) && {
      'input.reason': `must be 1 to ${reasonLengthMax} characters`,
    }),
    // Written so that a moment that is none, NaN, is refused too.
    ...(!(aheadMs > 0 && aheadMs <= ruleLifetimeMsMax) && {
      'input.expiresAt': 'must be a moment (RFC 3339) within the next 366 days',
    }),
  }
  if (!network || Object.keys(faults).length > 0) throw badInput(faults)
  return { network, reason, expiresAt }
}

/** The rules as they were a moment ago: they are asked at every try, and changed by hand. */
function createKnownRules({ store, clock }: NetworkDependencies) {
  let known: { readonly book: Promise<ReturnType<typeof createRuleBook>>; readonly untilMs: number } | null = null

  async function load() {
    return createRuleBook(await store.live(clock.now(), rulesMax))
  }

  return {
    book() {
      const nowMs = clock.now().getTime()
      if (known && nowMs < known.untilMs) return known.book
      const book = load()
      known = { book, untilMs: nowMs + knownForMs }
      // What failed is not remembered.
      book.catch(() => {
        if (known?.book === book) known = null
      })
      return book
    },
    forget() {
      known = null
    },
  }
}

export function createNetworks(dependencies: NetworkDependencies): Networks {
  const { store, clock, entropy } = dependencies
  const rules = createKnownRules(dependencies)
  const entry = (occasion: Occasion) => ({ id: newId(entropy, 'aud'), at: clock.now(), occasion })

  return {
    standing: async (address) => (await rules.book())(address, clock.now()),
    list: () => store.live(clock.now(), rulesMax),
    async put(kind, input, occasion) {
      const createdAt = clock.now()
      const rule = { ...parseInput(input, createdAt), id: newId(entropy, 'net'), kind, createdAt }
      const kept = await store.put(rule, entry(occasion), rulesMax)
      if (!kept) throw new Problem('CONFLICT', 'as many network rules as may be')
      rules.forget()
      return kept
    },
    async remove(id, occasion) {
      const removed = await store.remove(id, entry(occasion))
      if (!removed) throw new Problem('NOT_FOUND', `network rule ${id}`)
      rules.forget()
      return removed
    },
  }
}
