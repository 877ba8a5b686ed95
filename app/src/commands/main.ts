/** `npm run latchkey -- COMMAND …`: what an operator does. */
import { isFault } from '../embedded/fault.ts'
import { apiKeys } from './api-keys.ts'
import { audit } from './audit.ts'
import { backup } from './backup.ts'
import { type Command, usage } from './command.ts'
import { explain } from './explain.ts'
import { grantRole } from './grant-role.ts'
import { keyring } from './keyring.ts'
import { operations } from './operations.ts'
import { dataKeys, eraseUser, erasures, identifiers } from './privacy.ts'
import { restore } from './restore.ts'
import { secrets } from './secrets.ts'
import { signingKeys } from './signing-keys.ts'
import { supergraph } from './supergraph.ts'
import { users } from './users.ts'

const commands: Readonly<Record<string, Command>> = {
  'grant-role': grantRole,
  keyring,
  'signing-keys': signingKeys,
  'erase-user': eraseUser,
  erasures,
  identifiers,
  'data-keys': dataKeys,
  users,
  supergraph,
  explain,
  'api-keys': apiKeys,
  operations,
  audit,
  backup,
  restore,
  secrets,
}

async function run([name = '', ...values]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) {
    console.error(usage(Object.values(commands)))
    return 1
  }
  try {
    const answer = await command.run(values, process.env)
    const { text, exitCode } = typeof answer === 'string' ? { text: answer, exitCode: 0 } : answer
    console.log(text)
    return exitCode
  } catch (thrown) {
    console.error(isFault(thrown) || thrown instanceof Error ? thrown.message : String(thrown))
    return 1
  }
}

process.exitCode = await run(process.argv.slice(2))
