/** `grant-role EMAIL ROLE`: the way to the first administrator. */
import { parseConfig } from '../config.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { withApplication } from '../standing-application.ts'
import { type Command, misused } from './command.ts'

export const grantRole: Command = {
  forms: ['grant-role EMAIL ROLE'],
  purpose: 'Gives an account a role, such as admin. It counts with the next request.',
  async run(values, environment) {
    const [email, role] = values
    if (email === undefined || role === undefined || values.length > 2) throw misused(grantRole)
    const config = parseConfig(environment)
    const answer = await askRunningProcess(config.dataDir, ['grant-role', email, role])
    return answer ?? withApplication(config, environment, (application) => application.grantRole(email, role))
  },
}
