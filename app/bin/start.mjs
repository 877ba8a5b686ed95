/** `npm start`: prepares what is missing, then runs Latchkey and carries its exit code. `--distributed`, `--watch`. */
import { existsSync } from 'node:fs'
import { ended, inRoot, passSignals, refusal, startNode } from './child.mjs'
import { build, generate, install, launch } from './prepare.mjs'
import { bundled, programs } from './programs.mjs'
import { runWatched } from './watch.mjs'

const own = ['--distributed', '--watch']
const given = process.argv.slice(2)
const program = given.includes('--distributed') ? 'distributed' : 'latchkey'
const args = given.filter((arg) => !own.includes(arg))

await launch(async () => {
  await install()
  await generate()
  if (given.includes('--watch')) return runWatched([inRoot(programs[program]), ...args])
  await build()
  const entry = inRoot(bundled(program))
  if (!existsSync(entry)) throw refusal(`${entry} was not built. Remove the dist folders and start again.`)
  const child = startNode([entry, ...args])
  passSignals(() => child)
  return ended(child)
})
