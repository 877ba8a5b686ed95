/** `npm run check`: every gate with its time; all of them run before it says what failed. */
import { say, seconds } from './child.mjs'
import { generate, install, launch } from './prepare.mjs'

await launch(async () => {
  await install()
  await generate()
  const { gates } = await import('./gates/gates.mjs')
  const failed = []
  for (const [name, gate] of Object.entries(gates)) {
    const startedMs = performance.now()
    const { code, output } = await gate()
    say(`${code === 0 ? '✓' : '✗'} ${name} ${seconds(startedMs)}`)
    if (code !== 0) failed.push({ name, output })
  }
  for (const { name, output } of failed) say(`\n── ${name}\n${output.trim()}`)
  if (failed.length > 0) say(`\n✗ failed: ${failed.map(({ name }) => name).join(', ')}`)
  return failed.length > 0 ? 1 : 0
})
