import { dayMs } from '@latchkey/clock'
import { aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from './application.fixture.ts'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

const ask = <Row>(text: string) => app.database.query<Row>({ name: '', text }, [])

it('removes whatever is over once, in however many processes, and messages a week after they were delivered', async () => {
  await ask(`INSERT INTO api_keys.outbox (kind, payload, created_at, available_at, delivered_at)
    SELECT 'key-changed', '', '2029-12-31', '2029-12-31', CASE WHEN n % 2 = 0 THEN timestamptz '2029-12-31' END
    FROM generate_series(1, 4200) AS n`)
  await ask(`INSERT INTO api_keys.usage_operations (id, coordinates, last_used_on)
    VALUES ('old', '{}', '2028-11-26'), ('kept', '{}', '2029-06-01')`)
  app.clock.advance(8 * dayMs)
  const made = app.create(aUser({ userId: 'usr_ada' }))
  await Promise.all([app.clean(), app.replica().clean(), app.replica().clean(), made])
  expect(await ask(`SELECT count(*)::int AS "left" FROM api_keys.outbox WHERE created_at < '2030-01-01'`)).toEqual([
    { left: 2_100 },
  ])
  expect(await ask(`SELECT id FROM api_keys.usage_operations`)).toEqual([{ id: 'kept' }])
  expect(await ask(`SELECT removed::int, holder FROM api_keys.cleanups WHERE job = 'outbox'`)).toEqual([
    { removed: 2_100, holder: null },
  ])
  expect(await ask(`SELECT job FROM api_keys.cleanups WHERE ended_at IS NULL`)).toEqual([])
  expect(await ask(`SELECT count(*)::int AS jobs FROM api_keys.cleanups`)).toEqual([{ jobs: 6 }])
})
