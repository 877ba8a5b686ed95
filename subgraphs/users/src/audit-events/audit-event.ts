/** An audit event: what one subgraph recorded, as whoever reads all of them sees it. */
import type { RecordFilter, ShownRecord } from '@latchkey/audit'
import { badInput } from '@latchkey/problem'

export interface AuditEvent extends Omit<ShownRecord, 'detail'> {
  /** The subgraph that recorded it. */
  readonly source: string
  readonly device: string | null
  readonly network: string | null
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditEventFilter {
  readonly actor?: string | null
  readonly target?: string | null
  readonly action?: string | null
  readonly outcome?: string | null
  readonly from?: Date | string | null
  readonly to?: Date | string | null
}

/** Longer than any id, action or outcome. */
const wordLengthMax = 128

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

export function auditEventOf(source: string, { detail, ...record }: ShownRecord): AuditEvent {
  const { device, network, ...more } = detail ?? {}
  return { ...record, source, device: textOf(device), network: textOf(network), detail: more }
}

const timeOf = (time: Date | string | null | undefined): Date | null => (time ? new Date(time) : null)

/** Throws BAD_USER_INPUT, naming every part that cannot be one. */
export function parseFilter(filter: AuditEventFilter): RecordFilter {
  const { actor = null, target = null, action = null, outcome = null } = filter
  const [from, to] = [timeOf(filter.from), timeOf(filter.to)]
  const overlong = Object.entries({ actor, target, action, outcome })
    .filter(([, word]) => word !== null && word.length > wordLengthMax)
    .map(([name]): [string, string] => [`filter.${name}`, `must be ${wordLengthMax} characters or fewer`])
  const isBackwards = from !== null && to !== null && from >= to
  const faults = [...overlong, ...(isBackwards ? [['filter.to', 'must be later than `from`'] as const] : [])]
  if (faults.length > 0) throw badInput(Object.fromEntries(faults))
  return { actor, target, action, outcome, from, to }
}

/** Newest first; of one moment, by id. So every subgraph lists them, and so one list is made of theirs. */
export const newestFirst = (one: ShownRecord, other: ShownRecord): number =>
  other.at.getTime() - one.at.getTime() || (one.id < other.id ? 1 : -1)
