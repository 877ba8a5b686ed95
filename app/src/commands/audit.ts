/** `audit …`: whether what was recorded is as it was written, what to keep elsewhere to be sure of it, and records in files. */
import { resolve } from 'node:path'
import { type Environment, parseConfig } from '../config.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { withApplication } from '../standing-application.ts'
import { type Command, misused, say } from './command.ts'

/** Of the process that runs on the data folder, else of an application that is opened for it. */
async function perform(name: string, values: readonly string[], environment: Environment): Promise<string> {
  const config = parseConfig(environment)
  const answer = await askRunningProcess(config.dataDir, [name, ...values], say)
  if (answer !== null) return answer
  return withApplication(config, environment, async ({ auditing }) => {
    const act = auditing[name]
    if (!act) throw new Error(`there is no command ${name}`)
    return act(say, ...values)
  })
}

/** Of options that all take a value; `null` when there are others. */
function optionsIn(words: readonly string[], known: readonly string[]): Readonly<Record<string, string>> | null {
  const options: Record<string, string> = {}
  for (let at = 0; at < words.length; at += 2) {
    const [name = '', value] = words.slice(at, at + 2)
    if (!known.includes(name) || value === undefined || options[name] !== undefined) return null
    options[name] = value
  }
  return options
}

/** What is called, and with what; `null` when it is none of the forms. */
export function readForm([what, ...words]: readonly string[]): readonly [name: string, ...values: string[]] | null {
  if (what === 'checkpoint') return words.length === 0 ? ['audit checkpoint'] : null
  if (what === 'export') {
    const [file, ...rest] = words
    const options = optionsIn(rest, ['--from', '--to'])
    return file && options ? ['audit export', resolve(file), options['--from'] ?? '', options['--to'] ?? ''] : null
  }
  const options = what === 'verify' ? optionsIn(words, ['--checkpoint', '--file']) : null
  if (!options || Object.keys(options).length > 1) return null
  const { '--checkpoint': checkpoint, '--file': file } = options
  if (file !== undefined) return ['audit verify-file', resolve(file)]
  return checkpoint === undefined ? ['audit verify'] : ['audit verify', checkpoint]
}

export const audit: Command = {
  forms: [
    'audit verify',
    'audit verify --checkpoint HEX',
    'audit checkpoint',
    'audit export FILE [--from TIME] [--to TIME]',
    'audit verify --file FILE',
  ],
  purpose:
    'Finds the first audit record that was removed, altered or moved, and exits with 1; shows a checkpoint, to be kept ' +
    'elsewhere: with it the end of the chains cannot be cut off unseen. Writes records into a file, which can be checked by itself.',
  async run(words, environment) {
    const form = readForm(words)
    if (!form) throw misused(audit)
    const [name, ...values] = form
    return perform(name, values, environment)
  },
}
