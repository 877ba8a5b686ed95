/** Runs Prisma's command line from here, offline and quiet. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

interface CliAnswer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const workspace = fileURLToPath(new URL('..', import.meta.url))
const cli = createRequire(import.meta.url).resolve('prisma/build/index.js')

/** A server for scratch databases. Of the two that may be named, the one for tests goes first. */
export function scratchServer(environment: NodeJS.ProcessEnv): string {
  const url = environment.LATCHKEY_TEST_DATABASE_URL ?? environment.DATABASE_URL
  if (!url)
    throw new Error('set DATABASE_URL to a Postgres on which a database may be created; nothing in it is changed')
  return url
}

/** `url` names a server on which a database may be created: Prisma replays migrations in one of its own and drops it. */
export function runPrisma(args: string[], url: string): Promise<CliAnswer> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DATABASE_URL: url, NO_COLOR: '1' }
    const child = spawn(process.execPath, [cli, ...args], { cwd: workspace, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, ...output }))
  })
}
