/** `api-keys …`: what an operator does about keys. */
import { type Command, misused } from './command.ts'
import { staleKeys, staleKeysForm } from './stale-keys.ts'

export const apiKeys: Command = {
  forms: [staleKeysForm],
  purpose:
    'Names the keys whose access list names what the schema does not have, and fails when there are any; of a supergraph in ' +
    'a file before it is served.',
  async run(values, environment) {
    const answer = await staleKeys(values, environment)
    if (answer === null) throw misused(apiKeys)
    return answer
  },
}
