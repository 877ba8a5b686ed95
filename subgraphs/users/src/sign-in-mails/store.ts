/** Everything that signing in with a mail needs from storage. */
import type { AskForMail } from '../allowances/store.ts'
import type { AuditRecord } from '../audit/audit.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'

/** What came of a link or a code. */
export interface UsedMail {
  /** The account that the mail was about, whatever came of it; `null` where there is none. */
  readonly namedUserId: string | null
  /** Set when it was right: whose it is, and what a session that begins now is kept with. */
  readonly userId: string | null
  readonly sessionEpoch: number | null
  /** The address was not confirmed before. */
  readonly confirmed: boolean
}

/** What the use of either brings about where it confirms the address. */
interface Use {
  readonly at: Date
  readonly consequences: Consequences
  /** Written when factors were taken back. */
  readonly withdrawn: AuditRecord
}

/** Each `use` is one statement: of any number of callers at once, one is told that it was right. */
export interface SignInMailStore {
  readonly request: AskForMail
  /** Whom a link is for that is unused and has not expired; it may be nobody's. */
  subjectOfLink(macs: readonly KeyedMac[], now: Date): Promise<string | null>
  subjectOfCode(reference: string, now: Date): Promise<string | null>
  useLink(use: Use & { readonly macs: readonly KeyedMac[] }): Promise<UsedMail>
  /** One of five tries, of an unknown address too. */
  useCode(use: Use & { readonly reference: string; readonly codeMacs: readonly KeyedMac[] }): Promise<UsedMail>
}
