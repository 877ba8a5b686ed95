/** A PgBouncer that pools transactions, by the file that is deployed. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programAt, type Running, startProgram } from './programs.ts'

export interface PgbouncerTerms {
  /** A folder that everybody may read, to write its files into. */
  readonly folder: string
  readonly port: number
  /** As PgBouncer reads them. */
  readonly databases: string
  readonly users: string
}

const deployed = fileURLToPath(new URL('../../../deploy/pgbouncer/pgbouncer.ini', import.meta.url))

export function startPgbouncer({ folder, port, databases, users }: PgbouncerTerms): Running {
  const home = join(folder, 'pgbouncer')
  mkdirSync(home)
  const at = (name: string) => join(home, name)
  writeFileSync(at('databases.ini'), databases)
  writeFileSync(at('users.txt'), users)
  const place = ['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =']
  writeFileSync(at('place.ini'), [...place, 'auth_type = trust', `auth_file = ${at('users.txt')}`].join('\n'))
  copyFileSync(deployed, at('pgbouncer.ini'))
  // What it includes is found from where it is started.
  const args = [...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), at('pgbouncer.ini')]
  return startProgram(programAt('pgbouncer') ?? 'pgbouncer', args, { cwd: home })
}
