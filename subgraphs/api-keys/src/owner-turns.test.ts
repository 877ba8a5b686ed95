import { aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runApiKeys } from './application.fixture.ts'
import { createOwnerTurns } from './owner-turns.ts'

/** Work that ends when it is told to. */
function aTask() {
  const task = { state: 'waits', end: () => {}, fail: (_: Error) => {} }
  const work = () =>
    new Promise<string>((resolve, reject) => {
      task.state = 'runs'
      task.end = () => resolve('done')
      task.fail = reject
    })
  return { task, work }
}
const settled = () => new Promise(setImmediate)

describe('the turns of an owner', () => {
  it('come one after the other, and not with those of another', async () => {
    const inTurn = createOwnerTurns()
    const [first, second, other] = [aTask(), aTask(), aTask()]
    const answers = [
      inTurn({ ownerId: 'ada' }, first.work),
      inTurn({ ownerId: 'ada' }, second.work),
      inTurn({ ownerId: 'bob' }, other.work),
    ]
    await settled()
    expect([first, second, other].map(({ task }) => task.state)).toEqual(['runs', 'waits', 'runs'])
    first.task.end()
    await settled()
    expect(second.task.state).toBe('runs')
    second.task.end()
    other.task.end()
    expect(await Promise.all(answers)).toEqual(['done', 'done', 'done'])
  })

  it('go on after one that failed', async () => {
    const inTurn = createOwnerTurns()
    const [first, second] = [aTask(), aTask()]
    const answers = [inTurn({ ownerId: 'ada' }, first.work), inTurn({ ownerId: 'ada' }, second.work)]
    await settled()
    first.task.fail(new Problem('CONFLICT'))
    await expect(answers[0]).rejects.toMatchObject({ code: 'CONFLICT' })
    await settled()
    second.task.end()
    expect(await answers[1]).toBe('done')
  })

  it('are not taken by those who waited behind one that was unavailable, and are by whoever asks after it', async () => {
    let nowMs = 0
    const inTurn = createOwnerTurns(() => nowMs)
    const [first, second, third, fresh] = [aTask(), aTask(), aTask(), aTask()]
    const answers = [first, second, third].map(({ work }) => inTurn({ ownerId: 'ada' }, work))
    await settled()
    nowMs = 250
    first.task.fail(new Problem('UNAVAILABLE'))
    const outcomes = await Promise.allSettled(answers)
    expect(outcomes).toMatchObject(Array(3).fill({ reason: { code: 'UNAVAILABLE' } }))
    expect([second, third].map(({ task }) => task.state)).toEqual(['waits', 'waits'])
    const answer = inTurn({ ownerId: 'ada' }, fresh.work)
    await settled()
    fresh.task.end()
    expect(await answer).toBe('done')
  })

  it('are those of whoever changes keys of others, too', async () => {
    const inTurn = createOwnerTurns()
    const [forOthers, theirs, another] = [aTask(), aTask(), aTask()]
    const answers = [
      inTurn({ ownerId: 'svc', by: 'ada' }, forOthers.work),
      inTurn({ ownerId: 'ada' }, theirs.work),
      inTurn({ ownerId: 'svc', by: 'bob' }, another.work),
    ]
    await settled()
    expect([forOthers, theirs, another].map(({ task }) => task.state)).toEqual(['runs', 'waits', 'waits'])
    forOthers.task.end()
    await settled()
    expect([theirs, another].map(({ task }) => task.state)).toEqual(['runs', 'runs'])
    for (const { task } of [theirs, another]) task.end()
    expect(await Promise.all(answers)).toEqual(['done', 'done', 'done'])
  })

  it('that come after four seconds are not taken: nobody waits for the answer any more', async () => {
    let nowMs = 0
    const inTurn = createOwnerTurns(() => nowMs)
    const [first, late, fresh] = [aTask(), aTask(), aTask()]
    const answers = [inTurn({ ownerId: 'ada' }, first.work), inTurn({ ownerId: 'ada' }, late.work)]
    await settled()
    nowMs = 4_001
    answers.push(inTurn({ ownerId: 'ada' }, fresh.work))
    first.task.end()
    await expect(answers[1]).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await settled()
    expect([late.task.state, fresh.task.state]).toEqual(['waits', 'runs'])
    fresh.task.end()
    expect(await answers[2]).toBe('done')
  })
})

it('an owner whose lock is held elsewhere holds up nobody else, however much they ask for at once', async () => {
  const app = await runApiKeys({ poolMax: 4 })
  onTestFinished(() => app.stop())
  const [busy, other] = [aUser({ userId: 'usr_busy' }), aUser({ userId: 'usr_other' })]
  const { id } = await app.create(busy)
  // Every connection is open before the race: on a busy machine to open one takes its time.
  await Promise.all([1, 2, 3, 4].map((turn) => app.create(aUser({ userId: `usr_early${turn}` }))))
  const rotate = 'mutation ($id: ID!) { rotateApiKey(input: { id: $id }) { secret } }'
  const asked = await app.database.prisma.$transaction(
    async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('api_keys owner usr_busy', 0))`
      const those = Array.from({ length: 20 }, (_, turn) => {
        const asking: Promise<unknown> = turn % 2 ? app.create(busy) : app.ask(busy, rotate, { id })
        return asking.catch(() => null)
      })
      await expect(app.create(other)).resolves.toMatchObject({ id: expect.any(String) })
      return those
    },
    { timeout: 120_000 },
  )
  await Promise.all(asked)
})
