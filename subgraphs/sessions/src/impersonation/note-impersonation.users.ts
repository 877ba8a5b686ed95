/** Asks the Users subgraph whether somebody may be acted for, as the service `sessions`. */
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { asSessions } from '../users-question.ts'
import type { NotedImpersonation, NoteImpersonation } from './note-impersonation.ts'

const query = `mutation NoteImpersonation($input: NoteImpersonationInput!) {
  noteImpersonation(input: $input) { outcome sessionEpoch }
}`

const answer = z.object({
  noteImpersonation: z
    .discriminatedUnion('outcome', [
      z.object({ outcome: z.literal('NOTED'), sessionEpoch: z.int() }),
      z.object({ outcome: z.literal('UNKNOWN') }),
      z.object({ outcome: z.literal('ADMINISTERS') }),
    ])
    .transform((noted): NotedImpersonation => {
      if (noted.outcome === 'NOTED') return { outcome: 'noted', sessionEpoch: noted.sessionEpoch }
      return { outcome: noted.outcome === 'UNKNOWN' ? 'unknown' : 'administers' }
    }),
})

/** Whatever is not a clear answer is none: nobody is acted for by a misunderstanding. */
export const usersNoteImpersonation =
  (users: SubgraphTransport): NoteImpersonation =>
  async (input, { requestId, address, userAgent = '' }) => {
    const client = address === undefined ? undefined : { address, userAgent }
    const { data, errors } = await users({ query, variables: { input }, principal: asSessions, requestId, client })
    const known = answer.safeParse(data)
    const [error] = errors ?? []
    if (error || !known.success)
      throw new Problem('UNAVAILABLE', `users answered ${error?.message ?? 'something else'}`)
    return known.data.noteImpersonation
  }
