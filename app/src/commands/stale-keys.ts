/** `api-keys stale`: keys that name what the schema has no more, or what a new composition would take away. */
import { resolve } from 'node:path'
import { type Environment, parseConfig } from '../config.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { staleKeysCommand } from '../stale-keys.ts'
import { withApplication } from '../standing-application.ts'

export const staleKeysForm = 'api-keys stale [SUPERGRAPH-FILE]'

/** `null`: the words are not those of this command. */
export async function staleKeys(values: readonly string[], environment: Environment): Promise<string | null> {
  const [what, named, ...more] = values
  if (what !== 'stale' || more.length > 0) return null
  const file = named === undefined ? '' : resolve(named)
  const config = parseConfig(environment)
  const answer = await askRunningProcess(config.dataDir, [staleKeysCommand, file])
  return answer ?? withApplication(config, environment, ({ staleKeys: report }) => report(file))
}
