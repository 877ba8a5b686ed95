/** Newline-delimited JSON: lines with their numbers, in batches. */
import { badInput } from '@latchkey/problem'
import type { NumberedLine } from './judgement.ts'
import type { RowReport } from './service.ts'

/** What fits a request; files of any size go by the operator's command. */
export const requestRowsMax = 500
const requestCharactersMax = 240_000

const isBlank = (text: string) => text.trim() === ''

/** The lines of a text, blank ones left out. Throws BAD_USER_INPUT when there are none, or more than a request may bring. */
export function linesOf(ndjson: string): readonly NumberedLine[] {
  if (ndjson.length > requestCharactersMax)
    throw badInput({ 'input.ndjson': `must be at most ${requestCharactersMax} characters; use the operator’s command` })
  const lines = ndjson
    .split(/\r?\n/)
    .map((text, index) => ({ line: index + 1, text }))
    .filter(({ text }) => !isBlank(text))
  if (lines.length === 0 || lines.length > requestRowsMax)
    throw badInput({ 'input.ndjson': `must be 1 to ${requestRowsMax} rows; use the operator’s command for more` })
  return lines
}

/** The same of a stream, batch by batch. */
export async function* batchesOf(lines: AsyncIterable<string>, max: number): AsyncGenerator<readonly NumberedLine[]> {
  let batch: NumberedLine[] = []
  let line = 0
  for await (const text of lines) {
    line += 1
    if (!isBlank(text)) batch.push({ line, text })
    if (batch.length < max) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

export interface ImportCounts {
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly refused: number
}

export function countOutcomes(reports: readonly RowReport[]): ImportCounts {
  const count = (outcome: RowReport['outcome']) => reports.filter((report) => report.outcome === outcome).length
  return {
    created: count('CREATED'),
    updated: count('UPDATED'),
    unchanged: count('UNCHANGED'),
    refused: count('REFUSED'),
  }
}
