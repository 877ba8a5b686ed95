/** `npm run bench`: measures the built gateway; the bench itself says which environment it measures in. */
import { ended, inRoot, passSignals, startNode, tsx } from './child.mjs'
import { build, generate, install, launch } from './prepare.mjs'

await launch(async () => {
  await install()
  await generate()
  await build()
  // Without the source condition: only the bench is read as TypeScript, what it measures is the build.
  const child = startNode([...tsx, inRoot('bench', 'src', 'main.ts'), ...process.argv.slice(2)])
  passSignals(() => child)
  return ended(child)
})
