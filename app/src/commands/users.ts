/** `users import FILE`, `users export FILE`: accounts from another system, and to one. */
import { resolve } from 'node:path'
import { type Environment, parseConfig } from '../config.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { withApplication } from '../standing-application.ts'
import { hashChoiceOf, importModeOf, type UserFiles } from '../user-files.ts'
import { type Command, misused, say } from './command.ts'

interface Act {
  /** As the running process knows it. */
  readonly name: string
  /** What may stand after the file, and what is passed on with it and without. */
  readonly option: readonly [flag: string, given: string, otherwise: string]
  run(files: UserFiles, file: string, choice: string): Promise<string>
}

const acts: Readonly<Record<string, Act>> = {
  import: {
    name: 'users-import',
    option: ['--dry-run', 'DRY_RUN', 'APPLY'],
    run: (files, file, choice) => files.importFrom(file, importModeOf(choice), say),
  },
  export: {
    name: 'users-export',
    option: ['--with-hashes', 'with-hashes', 'without-hashes'],
    run: (files, file, choice) => files.exportTo(file, hashChoiceOf(choice), say),
  },
}

export const users: Command = {
  forms: ['users import FILE [--dry-run]', 'users export FILE [--with-hashes]'],
  purpose:
    'Imports accounts, one JSON object a line: as often as one likes, since a row is known by its external id; or writes the ' +
    'active ones into a new file. Hashes leave only when asked for, and only those that another system made.',
  async run([what = '', ...values], environment: Environment) {
    const act = Object.hasOwn(acts, what) ? acts[what] : undefined
    const [named = '', flag, ...rest] = values
    if (!act || named === '' || rest.length > 0 || (flag !== undefined && flag !== act.option[0])) throw misused(users)
    const [, given, otherwise] = act.option
    const choice = flag === undefined ? otherwise : given
    const file = resolve(named)
    const config = parseConfig(environment)
    const answer = await askRunningProcess(config.dataDir, [act.name, file, choice], say)
    return answer ?? withApplication(config, environment, ({ userFiles }) => act.run(userFiles, file, choice))
  },
}
