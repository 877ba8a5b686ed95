/** A connection for copying: of the owner, without time limits, and whose texts are the same everywhere. */
import pg from 'pg'
import { requireOwnSession } from '../pool.ts'

const settings = {
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  search_path: 'public',
}

export async function withSession<Value>(url: string, work: (client: pg.Client) => Promise<Value>): Promise<Value> {
  requireOwnSession(url)
  const client = new pg.Client({
    connectionString: url,
    application_name: 'latchkey-snapshot',
    connectionTimeoutMillis: 5_000,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    // Ends the session, and with it its transaction and its locks.
    await client.end()
  }
}
