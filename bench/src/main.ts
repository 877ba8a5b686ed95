/**
 * `npm run bench`: the usual questions, each against its floor in the same run, in five minutes; a table, and the figures as JSON.
 * `npm run bench -- WORD …`: the questions whose names have all these words, among them those that take longer: users list, a
 * flood of sign-ins (beside), overload, authorize, signing keys, a million sessions or keys, usage of keys, sizes in the stores.
 * `npm run bench -- timing [ROUNDS]`: whether refused sign-ins can be told apart, some minutes.
 * `npm run bench -- dashboard [SECONDS]`: draws the dashboard over a system at work; needs the system's `prometheus`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { askAuthorize } from './authorize.ts'
import { drawDashboard } from './dashboard.ts'
import { askFlood, linesOf } from './flood.ts'
import { askKeys, askManyKeys } from './keys.ts'
import { askManyAccounts } from './many-accounts.ts'
import type { Comparison } from './measure.ts'
import { askOverload } from './overload.ts'
import { askDistributed, askEmbedded } from './questions.ts'
import { askRotation } from './rotation.ts'
import { askManySessions, askSessions } from './sessions.ts'
import { askSizes } from './sizes.ts'
import { askTiming } from './timing.ts'
import { askUsage } from './usage.ts'

const results = fileURLToPath(new URL('../results/', import.meta.url))

const row = ({ question, floor, ours, ratio, goal }: Comparison): string =>
  [
    question.padEnd(52),
    `${floor.requestsPerSecond.toFixed(0)}`.padStart(8),
    `${ours.requestsPerSecond.toFixed(0)}`.padStart(8),
    ratio.toFixed(3).padStart(7),
    goal.toFixed(2).padStart(6),
    `${floor.cpuPerRequest.toFixed(0)}`.padStart(8),
    `${ours.cpuPerRequest.toFixed(0)}`.padStart(8),
    `${ours.p99.toFixed(0)}`.padStart(7),
    ratio >= goal ? '' : '  below',
  ].join(' ')

const heading = `${'question'.padEnd(52)} ${'floor/s'.padStart(8)} ${'ours/s'.padStart(8)} ${'ratio'.padStart(7)} ${'goal'.padStart(6)} ${'floor µs'.padStart(8)} ${'ours µs'.padStart(8)} ${'p99 ms'.padStart(7)}`

const words = process.argv.slice(2)
if (words[0] === 'timing') {
  await askTiming(Number(words[1] ?? 1_000))
  process.exit()
}
if (words[0] === 'dashboard') {
  console.log(await drawDashboard(Number(words[1] ?? 120)))
  process.exit()
}
const comparisons: Comparison[] = []
console.log(heading)
const usual = [askEmbedded, askDistributed, askSessions, askKeys]
const long = [askManyAccounts, askManySessions, askManyKeys, askUsage]
for (const ask of words.length === 0 ? usual : [...usual, ...long]) {
  await ask(words, (comparison) => {
    comparisons.push(comparison)
    console.log(row(comparison))
  })
}
const flood = words.length === 0 ? null : await askFlood(words)
if (flood) console.log(linesOf(flood))
for (const ask of words.length === 0 ? [] : [askAuthorize, askRotation, askOverload, askSizes])
  for (const line of await ask(words)) console.log(line)
mkdirSync(results, { recursive: true })
const node = process.version
const machine = { node, cores: availableParallelism(), platform: `${process.platform}-${process.arch}` }
writeFileSync(`${results}latest.json`, `${JSON.stringify({ machine, comparisons, flood }, null, 2)}\n`)
console.log(
  '\nRequests a second, and µs of processor time a request, stores not counted; alternated, medians of five rounds. bench/results/latest.json has them all.',
)
