/** `api-keys …`: keys into a file, from one, and the peppers they stand under. */
import { resolve } from 'node:path'
import { type Environment, parseConfig } from '../config.ts'
import { importModes } from '../key-files.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { withApplication } from '../standing-application.ts'
import { type Command, misused, say } from './command.ts'
import { staleKeys, staleKeysForm } from './stale-keys.ts'
import { unusedKeys, unusedKeysForm } from './unused-keys.ts'

/** Of the process that runs on the data folder, else of an application that is opened for it. */
async function perform(name: string, values: readonly string[], environment: Environment): Promise<string> {
  const config = parseConfig(environment)
  const answer = await askRunningProcess(config.dataDir, [name, ...values], say)
  if (answer !== null) return answer
  return withApplication(config, environment, async ({ keyOffice, keyFiles }) => {
    const [act, telling] = [keyOffice[name], keyFiles[name]]
    if (act) return act(...values)
    if (telling) return telling(say, ...values)
    throw new Error(`there is no command ${name}`)
  })
}

export const apiKeys: Command = {
  forms: [
    'api-keys export FILE',
    'api-keys import FILE [--dry-run | --skip-refused]',
    'api-keys peppers [--retire VERSION]',
    staleKeysForm,
    unusedKeysForm,
  ],
  purpose:
    'Writes every key into a new file, sealed and signed under the keyring; brings keys in, from such a file or from another ' +
    'system by its hashes, all of them or none; counts the keys under each version of the pepper, and says whether one may go; ' +
    'names the keys whose access list names what the schema does not have, and fails when there are any, of a supergraph in a file ' +
    'before it is served; lists the keys that nothing has used for so many days, 1 to 365.',
  async run(values, environment) {
    const report = (await staleKeys(values, environment)) ?? (await unusedKeys(values, environment))
    if (report !== null) return report
    const [what = '', named, option, ...more] = values
    if (more.length > 0) throw misused(apiKeys)
    if (what === 'export' && named && option === undefined)
      return perform('api-keys export', [resolve(named)], environment)
    if (what === 'import' && named && Object.hasOwn(importModes, option ?? ''))
      return perform('api-keys import', [resolve(named), option ?? ''], environment)
    if (what === 'peppers' && named === undefined) return perform('api-keys peppers', [], environment)
    if (what === 'peppers' && named === '--retire' && option) return perform('api-keys peppers', [option], environment)
    throw misused(apiKeys)
  },
}
