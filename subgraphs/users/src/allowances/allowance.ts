/** Allowances: how many mails strangers can make us send, to one recipient and from one network. */
import { type Clock, dayMs, hourMs, minuteMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import { coarseNetwork } from '@latchkey/subgraph/network'
import type { Client } from '@latchkey/subgraph/transport'
import type { EmailAddress } from '../email/email-address.ts'
import { createBlindIndexer } from '../identifiers/blind-index.ts'

/** So many in any stretch of so many milliseconds. */
export interface MailLimit {
  readonly max: number
  readonly windowMs: number
}

/** To one recipient. */
const recipientLimits: readonly MailLimit[] = [
  { max: 3, windowMs: hourMs },
  { max: 10, windowMs: dayMs },
]

/** To one account. */
const emailCodeLimits: readonly MailLimit[] = [{ max: 3, windowMs: hourMs }]

/** From one /24 or /48. */
const networkLimit: MailLimit = { max: 30, windowMs: 10 * minuteMs }

/** One count: whose, and what it may hold now. */
export interface Allowance {
  /** Of MACs: neither recipients nor networks can be read from the database. */
  readonly subject: string
  readonly at: Date
  /** When it can be forgotten. */
  readonly overAt: Date
  readonly limits: readonly { readonly since: Date; readonly most: number }[]
}

/** What a mail that a stranger asks for is counted against. */
export interface MailAllowances {
  readonly recipient: Allowance
  /** `null`: not known where it comes from, or this machine. */
  readonly network: Allowance | null
}

export interface Allowances {
  of(address: EmailAddress, client: Client | undefined): MailAllowances
  /** Of links to set a password, so that nobody keeps them from their owner by asking for mails of another kind. */
  ofReset(address: EmailAddress, client: Client | undefined): MailAllowances
  /** Of mails to sign in with: whoever registers an address again and again uses up no way in of its owner. */
  ofSignIn(address: EmailAddress, client: Client | undefined): MailAllowances
  /** Of codes to sign in with, which only whoever has the password can ask for. */
  ofEmailCodes(accountId: string): MailAllowances
  /** What the caller of a network that has used up its allowance is told. */
  refusal(network: Allowance | null, sentAt: readonly Date[]): Problem
}

export interface AllowanceDependencies {
  readonly keyring: Keyring
  readonly clock: Clock
  /** `unlimited`: while measuring. */
  readonly mailsPerNetwork?: MailLimit | 'unlimited'
}

const loopbacks = ['127.0.0.0/24', '0:0:0::/48']

export function createAllowances({ keyring, clock, mailsPerNetwork }: AllowanceDependencies): Allowances {
  const perNetwork = mailsPerNetwork ?? networkLimit

  const indexer = createBlindIndexer(keyring)

  // By the blind index, so that erasure finds what an account was counted under without opening its address.
  function subjectOf(kind: 'recipient' | 'reset' | 'sign-in', address: EmailAddress): string {
    const { keyId, mac } = indexer.newest(address)
    return `${kind}:${keyId}:${mac}`
  }
  const subjectOfNetwork = (network: string): string =>
    keyring.mac('blind-index', `mails-network:${network}`).mac.toString('base64url')

  function allowance(subject: string, limits: readonly MailLimit[]): Allowance {
    const at = clock.now()
    const before = (windowMs: number) => new Date(at.getTime() - windowMs)
    return {
      subject,
      at,
      overAt: new Date(at.getTime() + Math.max(...limits.map(({ windowMs }) => windowMs))),
      limits: limits.map(({ max, windowMs }) => ({ most: max, since: before(windowMs) })),
    }
  }

  function networkOf(client: Client | undefined): Allowance | null {
    const network = coarseNetwork(client?.address)
    if (network === null || loopbacks.includes(network) || perNetwork === 'unlimited') return null
    return allowance(subjectOfNetwork(network), [perNetwork])
  }

  return {
    of: (address, client) => ({
      recipient: allowance(subjectOf('recipient', address), recipientLimits),
      network: networkOf(client),
    }),
    ofReset: (address, client) => ({
      recipient: allowance(subjectOf('reset', address), recipientLimits),
      network: networkOf(client),
    }),
    ofSignIn: (address, client) => ({
      recipient: allowance(subjectOf('sign-in', address), recipientLimits),
      network: networkOf(client),
    }),
    ofEmailCodes: (accountId) => ({
      recipient: allowance(`email-codes:${accountId}`, emailCodeLimits),
      network: null,
    }),
    refusal(network, sentAt) {
      const [limit] = network?.limits ?? []
      const oldest = limit ? sentAt.filter((sent) => sent > limit.since).at(-limit.most) : undefined
      const windowMs = network && limit ? network.at.getTime() - limit.since.getTime() : minuteMs
      const retryAfterMs = oldest && network ? oldest.getTime() + windowMs - network.at.getTime() : windowMs
      return new Problem('RATE_LIMITED', 'mails from one network', { retryAfterMs: Math.max(1, retryAfterMs) })
    },
  }
}
