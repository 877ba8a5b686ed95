/** The programs as they are built: what the stories start is what is deployed, and it starts quickly. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Such as `gateway`. `npm run e2e` has built it. */
export function builtProgram(name: string): string {
  const file = fileURLToPath(new URL(`../../dist/${name}.mjs`, import.meta.url))
  if (!existsSync(file)) throw new Error(`${file} is not built. Run the stories by npm run e2e, which builds first.`)
  return file
}
