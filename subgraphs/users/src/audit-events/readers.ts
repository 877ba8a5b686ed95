/** How the records of the other subgraphs are read: they are asked as the service `users`. */
import { argumentsOf, type ReadRecords, readTold } from '@latchkey/audit'
import { type Entropy, newId } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { z } from 'zod'
import { asUsers } from '../data-holders/data-holder.ts'

const query = `query AuditRecords($limit: Int!, $afterAt: DateTime, $afterId: ID, $actor: ID, $target: ID, $action: String,
  $outcome: String, $from: DateTime, $to: DateTime) {
  auditRecords(limit: $limit, afterAt: $afterAt, afterId: $afterId, actor: $actor, target: $target, action: $action,
    outcome: $outcome, from: $from, to: $to) }`

const told = z.object({ auditRecords: z.array(z.string()) })

export const toldRecords =
  (name: string, transport: SubgraphTransport, entropy: Entropy): ReadRecords =>
  async (asked) => {
    const requestId = newId(entropy, 'req')
    const answer = await transport({ query, variables: argumentsOf(asked), principal: asUsers, requestId })
    const { data } = told.safeParse(answer.data)
    if (!data) throw new Problem('UNAVAILABLE', `${name} told no audit records: ${answer.errors?.[0]?.message}`)
    return data.auditRecords.map(readTold)
  }
