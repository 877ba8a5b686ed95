/** What a command is. */
import type { Environment } from '../config.ts'
import { fault } from '../embedded/fault.ts'
import type { Say } from '../operator-socket.ts'

export interface Command {
  /** How it is called, one line a form. */
  readonly forms: readonly string[]
  readonly purpose: string
  /** Resolves with what to print; rejects with a line that says what to do. */
  run(values: readonly string[], environment: Environment): Promise<string | Verdict>
}

/** What to print, and what a script is told by the exit code. */
export interface Verdict {
  readonly text: string
  readonly exitCode: number
}

export const usage = (commands: readonly Command[]): string =>
  [
    'npm run latchkey -- COMMAND',
    ...commands.flatMap(({ forms, purpose }) => [...forms.map((form) => `  ${form}`), `      ${purpose}`]),
  ].join('\n')

export const misused = (command: Pick<Command, 'forms'>): Error =>
  fault(`Call it like this: ${command.forms.join(' | ')}`)

/** How far a command has come: beside what it answers, so that this can be piped on. */
export const say: Say = (line) => process.stderr.write(`${line}\n`)
