/** `with-postgres.ts COMMAND ARGS…`: runs a command that finds an empty Postgres of its own at LATCHKEY_TEST_DATABASE_URL. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemEntropy as entropy } from '@latchkey/clock'
import { startPostgres } from './postgres.ts'

const [command = '', ...args] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'))
try {
  const server = await startPostgres({ folder: join(folder, 'data'), entropy, settings: { fsync: 'off' } })
  const environment = { ...process.env, LATCHKEY_TEST_DATABASE_URL: server.url }
  const [code] = await once(spawn(command, args, { stdio: 'inherit', env: environment }), 'exit')
  process.exitCode = code ?? 1
  await server.stop()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
