/** `api-keys unused`: keys that nothing uses, and that could be revoked. */
import { type Environment, parseConfig } from '../config.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { withApplication } from '../standing-application.ts'
import { unusedKeysCommand } from '../unused-keys.ts'

export const unusedKeysForm = 'api-keys unused --days N'

const daysMax = 365

/** `null`: the words are not those of this command. */
export async function unusedKeys(values: readonly string[], environment: Environment): Promise<string | null> {
  const [what, flag, days = '', ...more] = values
  if (what !== 'unused' || flag !== '--days' || more.length > 0) return null
  if (!/^\d{1,3}$/.test(days) || Number(days) < 1 || Number(days) > daysMax) return null
  const config = parseConfig(environment)
  const answer = await askRunningProcess(config.dataDir, [unusedKeysCommand, days])
  return answer ?? withApplication(config, environment, ({ unusedKeys: report }) => report(Number(days)))
}
