/** `secrets …`: the versions of the secrets of an installation. */
import { systemClock, systemEntropy } from '@latchkey/clock'
import { type Config, type Environment, parseConfig } from '../config.ts'
import { keyringFileOf } from '../foundation.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { rotateSecrets } from '../secrets/rotate.ts'
import { withApplication } from '../standing-application.ts'
import { type Command, misused, say } from './command.ts'

const withoutProcess = (config: Config, environment: Environment, [name, ...values]: readonly [string, ...string[]]) =>
  name === 'secrets rotate' && !values.includes('--rehearse')
    ? rotateSecrets({ keyringFile: () => keyringFileOf(config), clock: systemClock, entropy: systemEntropy }, values)
    : withApplication(
        config,
        environment,
        async ({ secretsOffice }) => (await secretsOffice[name]?.(say, ...values)) ?? '',
      )

export const secrets: Command = {
  forms: [
    'secrets status',
    'secrets rotate KIND… [--in 5m] [--rehearse]',
    'secrets reencrypt [KIND…] [--pause MS]',
    'secrets retire KIND VERSION|all [--now] [--although-needed]',
  ],
  purpose:
    'Shows every version of every secret, and how many rows stand under it; adds a new version, which makes what is new when every ' +
    'process has had the time to take it, or says whether that would break anybody; moves rows to the newest; takes a version out that nothing needs any more.',
  async run([what = '', ...values], environment) {
    if (!['status', 'rotate', 'reencrypt', 'retire'].includes(what)) throw misused(secrets)
    const config = parseConfig(environment)
    const name = `secrets ${what}`
    return (
      (await askRunningProcess(config.dataDir, [name, ...values], say)) ??
      withoutProcess(config, environment, [name, ...values])
    )
  },
}
