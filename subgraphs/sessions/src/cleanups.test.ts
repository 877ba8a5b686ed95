import { dayMs } from '@latchkey/clock'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Installation, install } from './application.fixture.ts'

let house: Installation
beforeAll(async () => {
  house = await install('memory', { cleanupBatchRows: 50 })
})
afterAll(() => house.stop())

const ask = <Row>(text: string) => house.database.query<Row>({ name: '', text }, [])

it('removes whatever is over once, in however many processes, and revocations also where there is no Redis', async () => {
  const [one, other] = [await house.startProcess(), await house.startProcess()]
  await ask(`INSERT INTO sessions.revocations (session_id, user_id, revoked_at, until)
    SELECT 'ses_' || n, 'usr_ada', '2029-01-01', CASE WHEN n % 2 = 0 THEN timestamptz '2029-12-31' ELSE '2100-01-01' END
    FROM generate_series(1, 1000) AS n`)
  house.clock.advance(dayMs)
  await Promise.all([one.clean(), other.clean()])
  expect(await ask(`SELECT count(*)::int AS "left" FROM sessions.revocations`)).toEqual([{ left: 500 }])
  expect(await ask(`SELECT removed::int, holder FROM sessions.cleanups WHERE job = 'revocations'`)).toEqual([
    { removed: 500, holder: null },
  ])
  expect(await ask(`SELECT job FROM sessions.cleanups WHERE ended_at IS NULL`)).toEqual([])
  expect(await ask(`SELECT count(*)::int AS jobs FROM sessions.cleanups`)).toEqual([{ jobs: 5 }])
})
