/** An operator at the command line, beside whatever runs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtProgram } from './built.ts'

export interface Stores {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly keyringFile: string
}

/** Resolves with what the command printed; rejects with it when the command fails. */
export async function command(
  { databaseUrl, redisUrl, keyringFile }: Stores,
  words: readonly string[],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-operator-'))
  const env = {
    ...{ PATH: process.env.PATH, HOME: process.env.HOME, LATCHKEY_DATA_DIR: folder, LATCHKEY_LOG_LEVEL: 'error' },
    ...{ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, LATCHKEY_KEYRING_FILE: keyringFile },
  }
  const child = spawn(process.execPath, [builtProgram('commands'), ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = await once(child, 'close')
  rmSync(folder, { recursive: true, force: true })
  if (code !== 0) throw new Error(said)
  return said
}
