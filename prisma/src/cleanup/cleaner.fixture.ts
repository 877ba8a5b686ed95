/** A process of its own that cleans up for as long as it lives: `cleaner.fixture.ts URL`. */
import { systemClock as clock, systemEntropy as entropy } from '@latchkey/clock'
import { silentLogger as logger } from '@latchkey/telemetry'
import { openDatabase } from '../client.ts'
import { createCleaning } from './cleanup.ts'

const database = openDatabase({ url: process.argv[2] ?? '', role: 'latchkey_users' })
const cleanups = { codes: { table: 'users.email_codes', over: 'r.expires_at <= $1', everyMs: 3_600_000 } }
createCleaning({
  ...{ database, schema: 'users', cleanups, clock, entropy, logger, batchRows: 10, leaseMs: 400 },
}).start()
// What it starts keeps no process alive, and it is killed when it was looked at.
setInterval(() => {}, 60_000)
