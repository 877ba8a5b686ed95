/** The programs as they are built: what the stories start is what is deployed, and it starts quickly. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** `entry` of a workspace, such as `app` and `commands/main`. `npm run e2e` has built it. */
export function builtProgram(workspace: string, entry = 'main'): string {
  const file = fileURLToPath(new URL(`../../${workspace}/dist/${entry}.js`, import.meta.url))
  if (!existsSync(file)) throw new Error(`${file} is not built. Run the stories by npm run e2e, which builds first.`)
  return file
}
