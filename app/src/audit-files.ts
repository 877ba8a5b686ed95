/** Audit records in files: written for whoever keeps them elsewhere, and checked again without the stores. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { AuditChain } from '@latchkey/audit'
import { fault, systemCode } from './embedded/fault.ts'
import type { Say, TellingCommands } from './operator-socket.ts'

interface Audited {
  readonly auditChain: Pick<AuditChain, 'name' | 'exportLines' | 'verifyExport'>
}

/** How many records lie between two lines of progress. */
const toldEvery = 10_000

const cannot = (what: string, file: string) => (thrown: unknown) => {
  throw fault(`${file} cannot be ${what} (${systemCode(thrown) || (thrown as Error).message}).`, thrown)
}

function timeIn(text: string): Date | null {
  if (text === '') return null
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw fault(`${text} is no time: give one like 2026-11-26 or 2026-11-26T10:00:00Z.`)
  return time
}

async function exportTo(chains: readonly Audited[], say: Say, [file = '', from = '', to = '']: readonly string[]) {
  const period = { from: timeIn(from), to: timeIn(to) }
  const handle = await open(file, 'wx', 0o600).catch(cannot('written; an existing file is never overwritten', file))
  let records = 0
  try {
    for (const { auditChain } of chains)
      for await (const line of auditChain.exportLines(period)) {
        await handle.appendFile(`${line}\n`)
        if (line.startsWith('{"link"') && ++records % toldEvery === 0) say(`${records} records so far`)
      }
    await handle.sync()
  } finally {
    await handle.close()
  }
  return `${records} records are in ${file}, which only you can read.`
}

async function verifyFile([first]: readonly Audited[], file: string): Promise<string> {
  if (!first) throw fault('There are no audit records.')
  const handle = await open(file).catch(cannot('read', file))
  try {
    const input = createReadStream('', { fd: handle, encoding: 'utf8', autoClose: false })
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    const verdict = await first.auditChain.verifyExport(lines)
    if (verdict.outcome === 'faulty')
      throw fault(`${file} is NOT as it was written: line ${verdict.line} ${verdict.says}`)
    const told = verdict.parts.map(
      ({ chain, from, to }) => `${chain}: records ${from.seq + 1} to ${to.seq} are as they were written`,
    )
    return told.join('\n') || 'There is no record in the file.'
  } finally {
    await handle.close()
  }
}

/** By the name under which a running process is asked. */
export const auditFileCommands = (...chains: readonly Audited[]): TellingCommands => ({
  'audit export': (say, ...values) => exportTo(chains, say, values),
  'audit verify-file': (_say, file = '') => verifyFile(chains, file),
})
