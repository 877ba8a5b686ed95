/** The contract of the newest release, where everybody can read what changed in it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Contract } from './contract.ts'

const file = fileURLToPath(new URL('../../released/contract.json', import.meta.url))

// Written by the function below alone, and read again by a test of the same revision.
export const readReleased = (): Contract => JSON.parse(readFileSync(file, 'utf8')) as Contract

/** A column, an index, a constraint: each on a line of its own. */
const linesDeep = 4

function write(value: unknown, depth = 1): string {
  if (depth > linesDeep || typeof value !== 'object' || value === null) return JSON.stringify(value)
  const indent = (line: string) => `\n${' '.repeat(depth)}${line}`
  const end = `\n${' '.repeat(depth - 1)}`
  if (Array.isArray(value)) return value.length ? `[${value.map((one) => indent(write(one, depth + 1)))}${end}]` : '[]'
  const lines = Object.entries(value).map(([name, one]) => indent(`${JSON.stringify(name)}: ${write(one, depth + 1)}`))
  return lines.length ? `{${lines}${end}}` : '{}'
}

export function writeReleased(contract: Contract): string {
  writeFileSync(file, `${write(contract)}\n`)
  return file
}
