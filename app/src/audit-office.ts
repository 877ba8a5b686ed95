/** What an operator does with audit records; each answers in a sentence a chain. */
import { type AuditChain, type ChainPlace, readCheckpoint, type Verdict, writeCheckpoint } from '@latchkey/audit'
import { fault } from './embedded/fault.ts'
import type { Say, TellingCommands } from './operator-socket.ts'

interface Audited {
  readonly auditChain: Pick<AuditChain, 'name' | 'verify' | 'checkpoint'>
}

function sentenceOn(name: string, verdict: Verdict): string {
  if (verdict.outcome === 'faulty') return `${name}: NOT as it was written: ${verdict.fault.says}`
  const { from, to, waiting } = verdict
  const removed = from.seq > 0 ? `, those up to link ${from.seq} were removed in their time` : ''
  return `${name}: ${to.seq - from.seq} records are as they were written${removed}; ${waiting} wait for their place`
}

function placesIn(checkpoint: string): readonly ChainPlace[] {
  if (checkpoint === '') return []
  const places = readCheckpoint(checkpoint)
  if (!places) throw fault('That is no checkpoint: give the whole line that `audit checkpoint` printed.')
  return places
}

async function verify(chains: readonly Audited[], say: Say, checkpoint: string): Promise<string> {
  const places = placesIn(checkpoint)
  const verdicts: { readonly says: string; readonly outcome: Verdict['outcome'] }[] = []
  for (const { auditChain } of chains) {
    const { name } = auditChain
    const verdict = await auditChain.verify({
      checkpoint: places.find(({ chain }) => chain === name),
      tell: (checked) => say(`${name}: ${checked} records looked at`),
    })
    verdicts.push({ says: sentenceOn(name, verdict), outcome: verdict.outcome })
  }
  const all = verdicts.map(({ says }) => says).join('\n')
  if (verdicts.some(({ outcome }) => outcome === 'faulty')) throw fault(all)
  return all
}

const checkpoint = async (chains: readonly Audited[]): Promise<string> =>
  writeCheckpoint(await Promise.all(chains.map(({ auditChain }) => auditChain.checkpoint())))

/** By the name under which a running process is asked. */
export const auditCommands = (...chains: readonly Audited[]): TellingCommands => ({
  'audit verify': (say, known = '') => verify(chains, say, known),
  'audit checkpoint': () => checkpoint(chains),
})
