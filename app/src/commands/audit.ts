/** `audit …`: whether what was recorded is as it was written, and what to keep elsewhere to be sure of it. */
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

export const audit: Command = {
  forms: ['audit verify', 'audit verify --checkpoint HEX', 'audit checkpoint'],
  purpose:
    'Finds the first audit record that was removed, altered or moved, and exits with 1; shows a checkpoint, to be kept ' +
    'elsewhere: with it the end of the chains cannot be cut off unseen.',
  async run([what, flag, value, ...more], environment) {
    if (what === 'checkpoint' && flag === undefined) return perform('audit checkpoint', [], environment)
    const known = flag === undefined ? '' : value
    if (what !== 'verify' || more.length > 0 || known === undefined || (flag && flag !== '--checkpoint'))
      throw misused(audit)
    return perform('audit verify', known === '' ? [] : [known], environment)
  },
}
