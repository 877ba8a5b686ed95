/** Many keys in the system's own stores, as they would be after a few years: made there, not one by one. */
import { apiKeyRecordKey } from '@latchkey/principal/credential-records.redis'
import { Redis } from 'ioredis'
import { makeAdministrator } from './accounts.ts'
import type { Target } from './measure.ts'
import { redisUrlOf, withDatabaseOf } from './stores.ts'
import type { System } from './system.ts'

// Copies of a key that was really made, of a hundred to an owner; one in ten is revoked.
const load = {
  name: 'bench_load_keys',
  text: `INSERT INTO api_keys.api_keys
           (id, owner_id, name, last_four, secret_mac, pepper_id, scopes, environment, created_at, expires_at, revoked_at)
         SELECT substr(md5(n::text), 1, 12), 'usr_' || substr(md5((n / 100)::text), 1, 22), 'job ' || n, 'abcd',
                decode(md5(n::text) || md5(n::text || 'x'), 'hex'), model.pepper_id, model.scopes, model.environment,
                now() - interval '1 year' * (n::float8 / $3::float8), now() + interval '90 days',
                CASE WHEN n % 10 = 0 THEN now() END
         FROM generate_series($1::int, $2::int) AS n, (SELECT * FROM api_keys.api_keys LIMIT 1) AS model`,
}
const rowsPerStatement = 20_000
const look = { name: 'bench_analyse_keys', text: 'ANALYZE api_keys.api_keys' }

// What a real key has in Redis, again and again.
const clone = `
local record = redis.call('GET', ARGV[1])
for n = tonumber(ARGV[3]), tonumber(ARGV[4]) do
  local id = string.format('%012d', n)
  redis.call('SET', string.gsub(ARGV[1], ARGV[2], id, 1), (string.gsub(record, ARGV[2], id, 1)), 'PX', 86400000)
end`
const clonesPerRun = 1_000

async function loadRecords(system: System, count: number): Promise<void> {
  const redis = new Redis(redisUrlOf(system))
  // What is on disk is not the question, and a million writes would take their time there.
  await redis.config('SET', 'appendonly', 'no')
  const [model = ''] = await redis.keys(apiKeyRecordKey('*', '*').replaceAll(/[{}]/g, '?'))
  const keyId = /\{(\w+)\}$/.exec(model)?.[1] ?? ''
  for (let from = 0; from < count; from += clonesPerRun)
    await redis.eval(clone, 0, model, keyId, from, from + clonesPerRun - 1)
  await redis.quit()
}

export async function loadKeys(system: System, count: number): Promise<void> {
  await withDatabaseOf(system, async (database) => {
    for (let from = 1; from <= count; from += rowsPerStatement)
      await database.queryAlone('bench', load, [from, Math.min(from + rowsPerStatement - 1, count), count])
    await database.queryAlone('bench', look, [])
  })
  await loadRecords(system, count)
  await makeAdministrator(system, 'caller0@example.com')
}

/** One administrator asks for everybody's. */
export const listKeys = ({ url, pids, callers }: System): Target => ({
  name: 'the first page of keys',
  ...{ url, pids },
  requests: callers.slice(0, 1).map(({ accessToken }) => ({
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({
      query: '{ apiKeys(first: 50) { edges { cursor node { id name status createdAt } } pageInfo { hasNextPage } } }',
    }),
  })),
})
