/** `node app/bin/run.mjs FILE ARGS…`: prepares, then runs a TypeScript file of the repository; in production its build. */
import { ended, fromSource, inRoot, passSignals, refusal, startNode } from './child.mjs'
import { build, generate, install, launch } from './prepare.mjs'
import { bundled, compiled, programs } from './programs.mjs'

const [file, ...args] = process.argv.slice(2)

await launch(async () => {
  if (!file) throw refusal('Say which file to run: node app/bin/run.mjs FILE ARGS…')
  await install()
  await generate()
  const production = process.env.NODE_ENV === 'production'
  if (production) await build()
  const child = startNode(production ? [inRoot(built(file)), ...args] : [...fromSource, inRoot(file), ...args])
  passSignals(() => child)
  return ended(child)
})

function built(source) {
  const [name] = Object.entries(programs).find(([, begins]) => begins === source) ?? []
  return name ? bundled(name) : compiled(source)
}
