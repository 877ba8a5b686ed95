import { dayMs, minuteMs, secondMs } from '@latchkey/clock'
import { anonymous } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditOf, type Installation, install } from '../application.fixture.ts'
import { connectRedis, hasRedis, type RedisFixture } from '../redis.fixture.ts'
import { redisAppliedMark } from './applied-mark.redis.ts'
import { prismaLedger } from './ledger.prisma.ts'
import { occasionOf } from './ledger.ts'
import { type AppliedMark, reapplyRevocations } from './reapply.ts'

const occasion = { actor: { kind: 'user', id: 'usr_ada' }, requestId: 'req_1' } as const

it.each([
  [aUser(), { kind: 'user', id: 'usr_ada' }],
  [anApiKey(), { kind: 'apiKey', id: 'Key000000001' }],
  [aService('gateway'), { kind: 'service', id: 'gateway' }],
  [anonymous, { kind: 'anonymous', id: null }],
])('names who asked', (principal, actor) => {
  const session = principal.kind === 'user' ? { sessionId: principal.sessionId } : {}
  expect(occasionOf({ principal, requestId: 'req_1' })).toEqual({ actor, ...session, requestId: 'req_1' })
})

describe('the ledger', () => {
  let house: Installation
  beforeEach(async () => {
    house = await install('memory')
  })
  afterEach(() => house.stop())

  const end = (sessionId: string, { livesForMs = dayMs, auditId = `aud_${sessionId}` } = {}) => {
    const at = house.clock.now()
    const session = { sessionId, userId: 'usr_ada', endsAtMs: at.getTime() + livesForMs }
    return prismaLedger(house.database).ended(session, { id: auditId, at, reason: 'revoked', occasion })
  }

  /** A store and a mark as they are in a Redis, which can be put back to what it was. */
  const aRedis = () => {
    const ended: string[] = []
    let applied: Date | null = null
    const mark: AppliedMark = {
      read: async () => applied,
      write: async (through) => {
        applied = through
      },
    }
    const store = {
      end: async ({ sessionId }: { sessionId: string }) => {
        ended.push(sessionId)
        return 'ended' as const
      },
    }
    const reapply = async () => {
      ended.length = 0
      await reapplyRevocations({ ledger: prismaLedger(house.database), store, mark, clock: house.clock })
      return [...ended]
    }
    return { mark, reapply }
  }

  it('tells an ending once, whoever ends the session again', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, turn) => end('ses_1', { auditId: `aud_${turn}` })))
    expect(await auditOf(house)).toMatchObject([{ action: 'session.end', outcome: 'revoked', target: 'ses_1' }])
  })

  it('applies to a Redis that has seen nothing all that could still live', async () => {
    await end('ses_short', { livesForMs: 1 })
    await end('ses_long')
    house.clock.advance(1)
    expect(await aRedis().reapply()).toEqual(['ses_long'])
  })

  it('applies what is new and what is recent, and not the rest again', async () => {
    const redis = aRedis()
    await end('ses_old')
    house.clock.advance(5 * minuteMs + 1)
    await end('ses_recent')
    expect(await redis.reapply()).toEqual(['ses_old', 'ses_recent'])
    house.clock.advance(secondMs)
    await end('ses_new')
    expect(await redis.reapply()).toEqual(['ses_recent', 'ses_new'])
  })

  it('applies to an old copy exactly what came after it', async () => {
    const redis = aRedis()
    await end('ses_before')
    house.clock.advance(minuteMs * 10)
    await redis.reapply()
    const copied = await redis.mark.read()
    await end('ses_after')
    house.clock.advance(dayMs / 2)
    await redis.reapply()
    if (copied) await redis.mark.write(copied)
    expect(await redis.reapply()).toEqual(['ses_after'])
  })

  it('applies any number, page after page', async () => {
    const text = `INSERT INTO sessions.revocations (session_id, user_id, revoked_at, until)
      SELECT 'ses_' || n, 'usr_ada', $1, $2 FROM generate_series(1, 2500) n`
    const at = house.clock.now()
    await house.database.query({ name: 'test_fill', text }, [at, new Date(at.getTime() + dayMs)])
    expect(new Set(await aRedis().reapply()).size).toBe(2500)
  })
})

describe.skipIf(!hasRedis)('the mark in Redis', () => {
  it('is not there at first, and is what was written last', async () => {
    const here: RedisFixture = await connectRedis()
    const mark = redisAppliedMark(here)
    expect(await mark.read()).toBeNull()
    await mark.write(new Date(5))
    expect(await mark.read()).toEqual(new Date(5))
    await here.redis.del(`${here.prefix}revocations-applied`)
    await here.redis.quit()
  })
})
