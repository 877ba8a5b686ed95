/** How the audit chains of the other subgraphs are followed: they are asked as the service `users`. */
import { argumentsOfTail, type ReadTail, readToldTail } from '@latchkey/audit'
import { type Entropy, newId } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { asUsers } from '../data-holders/data-holder.ts'

const query = `query AuditTail($limit: Int!, $after: ID, $since: DateTime) {
  auditTail(limit: $limit, after: $after, since: $since) }`

const told = z.object({ auditTail: z.array(z.string()) })

export const toldTail =
  (name: string, transport: SubgraphTransport, entropy: Entropy): ReadTail =>
  async (asked) => {
    const requestId = newId(entropy, 'req')
    const answer = await transport({ query, variables: argumentsOfTail(asked), principal: asUsers, requestId })
    const { data } = told.safeParse(answer.data)
    if (!data) throw new Problem('UNAVAILABLE', `${name} told no audit tail: ${answer.errors?.[0]?.message}`)
    return data.auditTail.map(readToldTail)
  }
