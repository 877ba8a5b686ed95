/**
 * `npm run audit`: asks the registry which faults are known of what is installed. Ends with 1 when there is one that is high or
 * worse, and with 2 when no registry told: `npm run check` asks the committed list, offline.
 */
import { npm, say } from './child.mjs'
import { install, launch } from './prepare.mjs'

await launch(async () => {
  await install()
  const { output } = await npm(['audit', '--audit=true', '--json', '--silent'])
  const report = reportIn(output)
  if (report?.metadata === undefined) {
    say('✗ the registry tells of no faults: it cannot be reached, or keeps no list of them')
    return 2
  }
  const { high, critical } = report.metadata.vulnerabilities
  for (const { name, severity, range } of Object.values(report.vulnerabilities)) say(`${severity} ${name} ${range}`)
  say(`${high + critical > 0 ? '✗' : '✓'} ${critical} critical and ${high} high`)
  return high + critical > 0 ? 1 : 0
})

function reportIn(output) {
  try {
    return JSON.parse(output.slice(output.indexOf('{')))
  } catch {
    return null
  }
}
