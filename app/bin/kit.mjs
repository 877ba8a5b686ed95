/** `npm run kit -- FOLDER`: packs what a subgraph of another team needs, as npm would publish it. */
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { inRoot, npm, refusal, run, say } from './child.mjs'
import { install, launch } from './prepare.mjs'

/** Each after those it needs. */
const packages = ['clock', 'problem', 'principal', 'telemetry', 'subgraph']

await launch(async () => {
  const [folder] = process.argv.slice(2)
  if (!folder) throw refusal('Say where to: npm run kit -- FOLDER')
  const destination = resolve(process.env.INIT_CWD || '.', folder)
  await install()
  const compiler = inRoot('node_modules', 'typescript', 'bin', 'tsc')
  const built = await run(process.execPath, [compiler, '-b', 'packages/subgraph/tsconfig.build.json'])
  if (built.code !== 0) throw refusal('the build failed: see the lines above.', built.output)
  mkdirSync(destination, { recursive: true })
  const workspaces = packages.flatMap((name) => ['--workspace', `packages/${name}`])
  const packed = await npm(['pack', '--silent', '--pack-destination', destination, ...workspaces])
  if (packed.code !== 0) throw refusal('npm pack failed: see the lines above.', packed.output)
  say(`✓ ${packages.length} packages are in ${destination}`)
  return 0
})
