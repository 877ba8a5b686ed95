/** One list of what all subgraphs recorded. Each tells its own newest; a place in the list is a time and an id, the same in all. */
import type { ReadRecords } from '@latchkey/audit'
import { type Page, type PageArguments, pageOf, parsePage } from '@latchkey/subgraph/page'
import { type AuditEvent, type AuditEventFilter, auditEventOf, newestFirst, parseFilter } from './audit-event.ts'

export interface AuditEventDependencies {
  /** By the name of the subgraph, how its records are read. */
  readonly readers: Readonly<Record<string, ReadRecords>>
}

export interface AuditEventService {
  /** Newest first. BAD_USER_INPUT for a bad page or filter; UNAVAILABLE when one subgraph cannot tell: half a list would be a lie. */
  list(filter: AuditEventFilter, page: PageArguments): Promise<Page<AuditEvent>>
}

export function createAuditEventService({ readers }: AuditEventDependencies): AuditEventService {
  return {
    async list(asked, page) {
      const { size, after } = parsePage(page)
      const filter = parseFilter(asked)
      const told = await Promise.all(
        Object.entries(readers).map(async ([source, read]) =>
          (await read({ filter, after, limit: size + 1 })).map((record) => ({ source, record })),
        ),
      )
      const found = told.flat().sort((one, other) => newestFirst(one.record, other.record))
      const events = found.slice(0, size + 1).map(({ source, record }) => auditEventOf(source, record))
      return pageOf(events, { size, after }, ({ at, id }) => ({ at, id }))
    },
  }
}
