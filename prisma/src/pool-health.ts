/** What a process counts of its connections to Postgres: whether it answers, and who waits. Nothing is asked for that. */
import { gaugesOf, timingOf } from '@latchkey/telemetry/metrics'
import type pg from 'pg'

const up = gaugesOf('latchkey_postgres_up', '1 while Postgres answers; 0 after a connection failed.', ['role'])
const connections = gaugesOf('latchkey_postgres_connections', 'Connections to Postgres: busy, idle, or the most.', [
  'role',
  'state',
])
const waiting = gaugesOf('latchkey_postgres_waiting', 'Statements that wait for a free connection.', ['role'])
const waits = timingOf('latchkey_postgres_wait_seconds', 'How long statements waited for a connection.', ['role'])

/** Every statement borrows a connection and gives it back, with what was wrong with it: that tells how Postgres is. */
export function watchPool(pool: pg.Pool, role: string, poolMax: number): void {
  let isUp: boolean | null = null
  up.of({ role }, () => (isUp === null ? null : Number(isUp)))
  connections.of({ role, state: 'busy' }, () => pool.totalCount - pool.idleCount)
  connections.of({ role, state: 'idle' }, () => pool.idleCount)
  connections.of({ role, state: 'max' }, () => poolMax)
  waiting.of({ role }, () => pool.waitingCount)
  pool.on('release', (error, client: pg.PoolClient & Partial<pg.Client>) => {
    // One that hung inside a transaction comes back without an error, and still in it.
    isUp = !error && client.getTransactionStatus?.() === 'I'
  })
  const connect = pool.connect.bind(pool)
  async function timedConnect(): Promise<pg.PoolClient> {
    const askedMs = performance.now()
    try {
      return await connect()
    } catch (error) {
      isUp = false
      throw error
    } finally {
      waits.observe({ role }, (performance.now() - askedMs) / 1_000)
    }
  }
  // The overloads of `connect` are those of pg; the form with a callback is used by nobody.
  pool.connect = timedConnect as typeof pool.connect
}
