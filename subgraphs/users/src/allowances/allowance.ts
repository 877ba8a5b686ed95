/** Allowances: how many mails strangers can make us send, to one recipient and from one network. */
import { type Clock, dayMs, hourMs, minuteMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import { coarseNetwork } from '@latchkey/subgraph/network'
import type { Client } from '@latchkey/subgraph/transport'
import type { EmailAddress } from '../email/email-address.ts'

/** So many in any stretch of so many milliseconds. */
export interface MailLimit {
  readonly max: number
  readonly windowMs: number
}

/** To one recipient, whatever the mails are about. */
export const recipientLimits: readonly MailLimit[] = [
  { max: 3, windowMs: hourMs },
  { max: 10, windowMs: dayMs },
]

/** From one /24 or /48. */
export const networkLimit: MailLimit = { max: 30, windowMs: 10 * minuteMs }

/** One count: whose, and what it may hold now. */
export interface Allowance {
  /** A MAC: neither recipients nor networks can be read from the database. */
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

  function allowance(kind: 'recipient' | 'network', name: string, limits: readonly MailLimit[]): Allowance {
    const at = clock.now()
    const before = (windowMs: number) => new Date(at.getTime() - windowMs)
    return {
      subject: keyring.mac('blind-index', `mails-${kind}:${name}`).mac.toString('base64url'),
      at,
      overAt: new Date(at.getTime() + Math.max(...limits.map(({ windowMs }) => windowMs))),
      limits: limits.map(({ max, windowMs }) => ({ most: max, since: before(windowMs) })),
    }
  }

  return {
    of(address, client) {
      const network = coarseNetwork(client?.address)
      const isCounted = network !== null && !loopbacks.includes(network) && perNetwork !== 'unlimited'
      return {
        recipient: allowance('recipient', address.normalised, recipientLimits),
        network: isCounted ? allowance('network', network, [perNetwork]) : null,
      }
    },
    refusal(network, sentAt) {
      const [limit] = network?.limits ?? []
      const oldest = limit ? sentAt.filter((sent) => sent > limit.since).at(-limit.most) : undefined
      const windowMs = network && limit ? network.at.getTime() - limit.since.getTime() : minuteMs
      const retryAfterMs = oldest && network ? oldest.getTime() + windowMs - network.at.getTime() : windowMs
      return new Problem('RATE_LIMITED', 'mails from one network', { retryAfterMs: Math.max(1, retryAfterMs) })
    },
  }
}
