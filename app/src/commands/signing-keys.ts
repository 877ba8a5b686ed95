/** `signing-keys …`: what access tokens are signed with. */
import type { Application } from '../assemble.ts'
import { parseConfig } from '../config.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { withApplication } from '../standing-application.ts'
import { type Command, misused } from './command.ts'

/** By the words that follow the name; the same in a running process and without one. */
export const signingKeyActs: Readonly<Record<string, (application: Application) => Promise<string>>> = {
  status: ({ signingKeys }) => signingKeys.status(),
  rotate: ({ signingKeys }) => signingKeys.rotate(),
  'rotate --emergency': ({ signingKeys }) => signingKeys.replaceAll(),
}

export const signingKeys: Command = {
  forms: ['signing-keys status', 'signing-keys rotate [--emergency]'],
  purpose:
    'Shows the keys that access tokens are signed with; publishes the next one, which takes over half an hour later; ' +
    'in an emergency replaces all of them at once, and every access token with them.',
  async run(values, environment) {
    const words = values.join(' ')
    const act = Object.hasOwn(signingKeyActs, words) ? signingKeyActs[words] : undefined
    if (!act) throw misused(signingKeys)
    const config = parseConfig(environment)
    return (
      (await askRunningProcess(config.dataDir, ['signing-keys', words])) ?? withApplication(config, environment, act)
    )
  },
}
