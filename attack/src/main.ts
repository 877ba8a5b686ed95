/**
 * `npm run attack -- URL`: tries on a deployment what an attacker would, and says of each attempt in a line whether it held.
 * Ends with 1 when one did not. Safe to run against staging: it signs up two people where mail can be read (development), else it
 * takes two access tokens from LATCHKEY_ATTACK_TOKENS, separated by a comma; without either some probes are left out.
 */
import { attack, type Report } from './attack.ts'

const marks = { held: '✓', broken: '✗', 'left out': '-' } as const

const line = ({ name, outcome, detail }: Report): string =>
  `${marks[outcome]} ${name}${detail === null ? '' : `: ${detail}`}`

const [url] = process.argv.slice(2)
if (url === undefined || !URL.canParse(url)) {
  console.error('Say what to attack: npm run attack -- http://localhost:4000')
  process.exit(1)
}
const tokens = (process.env.LATCHKEY_ATTACK_TOKENS ?? '').split(',').filter(Boolean)
const reports: Report[] = []
for await (const report of attack(new URL(url).origin, { tokens })) {
  reports.push(report)
  console.log(line(report))
}
const count = (outcome: Report['outcome']) => reports.filter((report) => report.outcome === outcome).length
console.log(`\n${count('held')} held, ${count('broken')} broken, ${count('left out')} left out.`)
process.exitCode = count('broken') > 0 ? 1 : 0
