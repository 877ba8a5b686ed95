/** The logins of the subgraphs in Postgres: what PgBouncer connects with, for it cannot name a role when it does. */
import { randomUUID } from 'node:crypto'
import { openDatabase } from '@latchkey/prisma'
import { storePatienceMs } from '@latchkey/prisma/testing'

const roles = { users: 'latchkey_users', sessions: 'latchkey_sessions', 'api-keys': 'latchkey_api_keys' } as const

export interface Logins {
  readonly names: Readonly<Record<string, string>>
  /** As PgBouncer reads them. */
  readonly databases: string
  readonly users: string
  drop(): Promise<void>
}

export async function openLogins(databaseUrl: string): Promise<Logins> {
  const mark = randomUUID().replaceAll('-', '').slice(0, 12)
  const names = Object.fromEntries(Object.entries(roles).map(([name, role]) => [name, `${role}_${mark}`]))
  const database = openDatabase({ url: databaseUrl, patienceMs: storePatienceMs })
  const run = (text: string) => database.prisma.$executeRawUnsafe(text)
  for (const [name, role] of Object.entries(roles)) {
    await run(`CREATE ROLE ${names[name]} LOGIN PASSWORD '${mark}' IN ROLE ${role}`)
    await run(`ALTER ROLE ${names[name]} SET role = '${role}'`)
    await run(`ALTER ROLE ${names[name]} SET statement_timeout = 5000`)
    await run(`ALTER ROLE ${names[name]} SET idle_in_transaction_session_timeout = 10000`)
  }
  await database.close()
  const { hostname, port, pathname } = new URL(databaseUrl)
  const target = `host=${hostname} port=${port} dbname=${decodeURIComponent(pathname.slice(1))}`
  return {
    names,
    databases: Object.entries(names)
      .map(([name, login]) => `${name} = ${target} user=${login} password=${mark}`)
      .join('\n'),
    users: Object.values(names)
      .map((login) => `"${login}" "${mark}"`)
      .join('\n'),
    async drop() {
      const again = openDatabase({ url: databaseUrl, patienceMs: storePatienceMs })
      for (const login of Object.values(names)) {
        await again.prisma.$executeRawUnsafe(`DROP OWNED BY ${login}`)
        await again.prisma.$executeRawUnsafe(`DROP ROLE ${login}`)
      }
      await again.close()
    },
  }
}
