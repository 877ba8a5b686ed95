/** What an operator does with the secrets of an installation: see their versions, change them, move what is kept, let the old ones go. */
import type { Tell } from '@latchkey/secret-versions'
import { purposes } from '@latchkey/secrets'
import { fault } from '../embedded/fault.ts'
import type { TellingCommands } from '../operator-socket.ts'
import type { SecretsDependencies } from './counts.ts'
import { rehearse } from './rehearse.ts'
import { retire } from './retire.ts'
import { rotateSecrets } from './rotate.ts'
import { status } from './status.ts'
import { kindsIn, optionsIn, plural } from './words.ts'

async function reencrypt(dependencies: SecretsDependencies, tell: Tell, values: readonly string[]) {
  const { options, words } = optionsIn(values, ['--pause'])
  const pauseMs = Number(options.get('--pause') ?? 0)
  if (!Number.isInteger(pauseMs) || pauseMs < 0) throw fault('--pause takes milliseconds.')
  const told: string[] = []
  for (const kind of kindsIn(words)) {
    const purpose = purposes.find((one) => one === kind)
    if (!purpose) continue
    let moved = 0
    for (const { secretVersions } of dependencies.holders)
      moved += await secretVersions.reencrypt(purpose, { tell, pauseMs })
    if (moved > 0) told.push(`${kind}: ${plural(moved, 'row')} moved to the newest version`)
  }
  return `${told.join('\n') || 'Nothing had to be moved.'}\n${await status(dependencies)}`
}

/** By the name under which a running process is asked. */
export const secretsCommands = (dependencies: SecretsDependencies): TellingCommands => ({
  'secrets status': () => status(dependencies),
  'secrets rotate': async (_, ...values) =>
    values.includes('--rehearse') ? rehearse(dependencies, values) : rotateSecrets(dependencies, values),
  'secrets reencrypt': (tell, ...values) => reencrypt(dependencies, tell, values),
  'secrets retire': (_, ...values) => retire(dependencies, values),
})
