/** The system's own servers that a deployment stands on: where they are, and started as a story needs them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian puts servers, which is on nobody's PATH but root's. */
const folders = () => [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/sbin', '/usr/local/sbin']

/** `null` when the machine has none. */
export function programAt(name: string): string | null {
  const found = folders().find((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
  return found ? join(found, name) : null
}

export interface Running {
  readonly child: ChildProcess
  /** What it has written, to either stream. */
  said(): string
  /** Resolves with its exit code once it has ended; `null` when a signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

export interface ProgramTerms {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** `ipc`: it ends when we do, if it listens for that. */
  readonly leash?: 'ipc' | 'none'
}

export function startProgram(program: string, args: readonly string[], terms: ProgramTerms = {}): Running {
  const { env = { PATH: process.env.PATH ?? '' }, cwd, leash = 'none' } = terms
  const child = spawn(program, args, {
    ...{ env, cwd },
    stdio: ['ignore', 'pipe', 'pipe', ...(leash === 'ipc' ? (['ipc'] as const) : [])],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-200_000)
    })
  return {
    child,
    said: () => said,
    async end(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const ended = once(child, 'exit')
      child.kill(signal)
      const [code] = await ended
      return code as number | null
    },
  }
}
