/** What a mail that somebody asks for needs from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { MailAllowances } from './allowance.ts'

export interface AskedMail {
  /** The mail, the token in it, and the record. */
  readonly consequences: Consequences
  /** Written instead of all of it when the recipient has had as many as may be. */
  readonly withheld: AuditRecord
  readonly allowances: MailAllowances
}

export interface CountedMail {
  /** `false`: the network has used up its allowance, and nothing was written. */
  readonly admitted: boolean
  /** When mails were asked for from the network. */
  readonly sentAt: readonly Date[]
}

/** All of it, or that it was withheld, or nothing: one statement each way, exact under any number at once. */
export type AskForMail = (asked: AskedMail) => Promise<CountedMail>
