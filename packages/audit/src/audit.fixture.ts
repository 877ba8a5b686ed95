/** A chain on a database of its own, with the hand of an attacker who may write to all of it. */
import { type Clock, systemEntropy as entropy, systemClock } from '@latchkey/clock'
import { openDatabase } from '@latchkey/prisma'
import { storePatienceMs, testDatabase } from '@latchkey/prisma/testing'
import { createKeyring, type KeyringMaterial, newKeyringMaterial } from '@latchkey/secrets'
import { silentLogger } from '@latchkey/telemetry'
import { createAuditChain } from './audit.ts'

export async function aChain() {
  const { url, drop } = await testDatabase()
  const database = openDatabase({ url, role: 'latchkey_users', poolMax: 6, patienceMs: storePatienceMs })
  const owner = openDatabase({ url, poolMax: 2, patienceMs: storePatienceMs })
  const material = newKeyringMaterial(entropy)
  const chainUnder = (held: KeyringMaterial, clock: Clock = systemClock) =>
    createAuditChain({
      ...{ database, schema: 'users', keyring: createKeyring(held, entropy), clock, logger: silentLogger },
      auditKeptDays: 400,
    })
  let written = 0
  const run =
    (by: typeof database) =>
    (text: string, values: unknown[] = []) =>
      by.query<Record<string, unknown>>({ name: `test_${text.length}_${text.slice(0, 40)}`, text }, values)
  return {
    chain: chainUnder(material),
    /** As the subgraph itself is connected. */
    database,
    /** One more process; under another keyring when it is told so. */
    process: (held: KeyringMaterial = material, clock?: Clock) => chainUnder(held, clock),
    material,
    /** Statements as the subgraph's own role. */
    asSubgraph: run(database),
    /** Statements as whoever owns the database. */
    attack: run(owner),
    /** The same for what takes long. */
    load: (text: string) => owner.queryAlone('test_load', { name: '', text }, []),
    /** Writes so many records, named r1, r2, …, in one transaction. */
    async write(count: number, daysAgo = 0): Promise<void> {
      const after = written
      written += count
      await run(database)(
        `INSERT INTO users.audit_records (id, at, actor_kind, actor_id, action, target, outcome, request_id, detail)
         SELECT 'r' || n, now() - make_interval(days => $3::int), 'user', 'usr_ada', 'role.grant', 'usr_eve', 'done', 'req_1', '{"role":"admin","b":[1,null]}'
         FROM generate_series($1::int, $2::int) n`,
        [after + 1, after + count, daysAgo],
      )
    },
    async stop() {
      await Promise.all([database.close(), owner.close()])
      await drop()
    },
  }
}

export type ChainUnderTest = Awaited<ReturnType<typeof aChain>>
