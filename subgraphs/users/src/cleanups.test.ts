import { dayMs } from '@latchkey/clock'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { register, startUsers, type UsersUnderTest } from './application.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers({ cleanupBatchRows: 50 })
})
afterAll(() => under.close())

const ask = <Row>(text: string) => under.database.query<Row>({ name: '', text }, [])

it('removes whatever is over once, in however many processes, while everybody goes on', async () => {
  await ask(`INSERT INTO users.email_codes (reference, account_id, mac_key_id, mac, expires_at)
    SELECT 'ref_' || n, 'usr_' || n, 'k', '', CASE WHEN n % 2 = 0 THEN timestamptz '2029-12-31' ELSE '2100-01-01' END
    FROM generate_series(1, 2000) AS n`)
  const replicas = [under.users, under.unstarted(), under.unstarted()]
  under.clock.advance(dayMs)
  const served = Array.from({ length: 5 }, (_, n) => register(under.users, `ada${n}@example.org`))
  await Promise.all([...replicas.map((users) => users.clean()), ...served])
  expect(await ask(`SELECT count(*)::int AS "left" FROM users.email_codes`)).toEqual([{ left: 1_000 }])
  expect(await ask(`SELECT removed::int, holder FROM users.cleanups WHERE job = 'email-codes'`)).toEqual([
    { removed: 1_000, holder: null },
  ])
  expect(await ask(`SELECT job FROM users.cleanups WHERE ended_at IS NULL`)).toEqual([])
  expect(await ask(`SELECT count(*)::int AS jobs FROM users.cleanups`)).toEqual([{ jobs: 12 }])
})
