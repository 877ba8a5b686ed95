/** `secrets …`: the versions of the secrets of an installation. */
import { systemClock } from '@latchkey/clock'
import { type Config, type Environment, parseConfig } from '../config.ts'
import { keyringFileOf, keyringToolsOf } from '../foundation.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { rotateSecrets } from '../secrets/rotate.ts'
import { wrapSecrets } from '../secrets/wrap.ts'
import { withApplication } from '../standing-application.ts'
import { type Command, misused, say } from './command.ts'

const fileToolsOf = (config: Config) => ({
  ...{ keyringFile: () => keyringFileOf(config), clock: systemClock },
  ...keyringToolsOf(config),
})

const withoutProcess = (config: Config, environment: Environment, [name, ...values]: readonly [string, ...string[]]) =>
  name === 'secrets rotate' && !values.includes('--rehearse')
    ? rotateSecrets(fileToolsOf(config), values)
    : withApplication(
        config,
        environment,
        async ({ secretsOffice }) => (await secretsOffice[name]?.(say, ...values)) ?? '',
      )

export const secrets: Command = {
  forms: [
    'secrets status',
    'secrets wrap',
    'secrets rotate KIND… [--in 5m] [--rehearse]',
    'secrets reencrypt [KIND…] [--pause MS]',
    'secrets retire KIND VERSION|all [--now] [--although-needed]',
  ],
  purpose:
    'Shows every version of every secret, and how many rows stand under it; wraps the keyring by key management; adds a new version, which makes what is new when every ' +
    'process has had the time to take it, or says whether that would break anybody; moves rows to the newest; takes a version out that nothing needs any more.',
  async run([what = '', ...values], environment) {
    const config = parseConfig(environment)
    if (what === 'wrap' && values.length === 0) return wrapSecrets(fileToolsOf(config))
    if (!['status', 'rotate', 'reencrypt', 'retire'].includes(what)) throw misused(secrets)
    const name = `secrets ${what}`
    return (
      (await askRunningProcess(config.dataDir, [name, ...values], say)) ??
      withoutProcess(config, environment, [name, ...values])
    )
  },
}
