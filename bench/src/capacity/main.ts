/**
 * `npm run capacity`: what each part has to hold at how many requests a second, from what was measured (`constants.json`), printed and
 * written into docs/operating/scaling.md. `-- FILE` takes the constants of a machine of yours, and writes nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Constants } from './capacity.ts'
import { rewritten, tablesOf } from './tables.ts'

const [file] = process.argv.slice(2)
const usual = fileURLToPath(new URL('constants.json', import.meta.url))
const constants = JSON.parse(readFileSync(file ?? usual, 'utf8')) as Constants // ours, or somebody's own concern
const tables = tablesOf(constants)
console.log(`Measured on ${constants.measured}.`)
for (const table of Object.values(tables)) console.log(`\n${table}`)
if (file === undefined) {
  const page = fileURLToPath(new URL('../../../docs/operating/scaling.md', import.meta.url))
  writeFileSync(page, rewritten(readFileSync(page, 'utf8'), tables))
}
