/** Everything a chain needs of storage. */
import type { Head } from './head.ts'
import type { KeptRecord, Place } from './link.ts'

/** A link with the record it binds; null when that record is gone. */
export interface KeptLink extends Place {
  readonly recordId: string
  readonly record: KeptRecord | null
}

export interface NewLink extends Place {
  readonly recordId: string
}

/** What is wrong besides the links, if anything. */
export interface Strays {
  /** Neither linked nor waiting: written past the way every record takes. */
  readonly unaccounted: readonly string[]
  /** Waits for a link, but the record is gone. */
  readonly removedWaiting: readonly string[]
}

/** Those written from then on, and before then; `null` does not narrow. */
export interface Period {
  readonly from: Date | null
  readonly to: Date | null
}

/** Every method rejects with UNAVAILABLE when Postgres cannot answer. */
export interface ChainStore {
  head(): Promise<Head | null>
  /** The oldest that wait, in the order in which they were written; at most so many. */
  waiting(max: number): Promise<readonly KeptRecord[]>
  /** Adds the links and moves the head, all or nothing. `late`: the head was moved by somebody else meanwhile. */
  extend(before: Head | null, links: readonly NewLink[], head: Head): Promise<'extended' | 'late'>
  /** Removes the records up to the beginning of the new head, with their links, and moves the head; nothing that was written since `before`. */
  forget(before: Head, head: Head, writtenBefore: Date): Promise<'forgotten' | 'late'>
  /** The links after a place, in order; at most so many. */
  links(after: number, max: number): Promise<readonly KeptLink[]>
  hashAt(seq: number): Promise<Buffer | null>
  /** The first and the last link of records of a time; `null` when there are none. May take long. */
  edges(period: Period): Promise<{ readonly first: number; readonly last: number } | null>
  waitingCount(): Promise<number>
  strays(): Promise<Strays>
}
