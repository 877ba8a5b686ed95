/** `api-keys …`: what an operator does about keys. */
import { type Command, misused } from './command.ts'
import { unusedKeys, unusedKeysForm } from './unused-keys.ts'

export const apiKeys: Command = {
  forms: [unusedKeysForm],
  purpose:
    'Lists the keys that nothing has used for so many days, 1 to 365: what could be revoked and would not be missed.',
  async run(values, environment) {
    const answer = await unusedKeys(values, environment)
    if (answer === null) throw misused(apiKeys)
    return answer
  },
}
