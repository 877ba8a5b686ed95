/** Whether somebody may be acted for. Users knows, puts it on record and tells the person. */
import type { Asking } from '../users-question.ts'

export type NotedImpersonation =
  | { readonly outcome: 'noted'; readonly sessionEpoch: number }
  | { readonly outcome: 'unknown' | 'administers' }

/** Rejects with UNAVAILABLE when nobody can say. */
export type NoteImpersonation = (
  who: { readonly userId: string; readonly staffId: string; readonly write: boolean },
  asking: Asking,
) => Promise<NotedImpersonation>
