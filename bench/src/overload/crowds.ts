/** Crowds as processes. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { CrowdSettings } from './crowd.ts'
import type { Tally } from './tally.ts'

const program = fileURLToPath(new URL(`./crowd.${import.meta.url.slice(-2)}`, import.meta.url))

/** Resolves when it is over. */
export async function sendCrowd(settings: CrowdSettings): Promise<Tally> {
  const child = spawn(process.execPath, [...process.execArgv, program], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(settings))
  return JSON.parse(await text(child.stdout)) as Tally
}
