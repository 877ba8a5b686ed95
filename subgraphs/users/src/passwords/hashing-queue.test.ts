import { clockAt } from '@latchkey/clock/testing'
import { Problem } from '@latchkey/problem'
import { describe, expect, it } from 'vitest'
import { createHashingQueue, type HashingLimits } from './hashing-queue.ts'

const aQueue = (limits: HashingLimits, clock = clockAt('2030-01-01T00:00:00Z')) => createHashingQueue(limits, clock)

/** Tasks that end when they are told to. */
function tasks() {
  const ends: (() => void)[] = []
  return {
    begun: () => ends.length,
    task: () => new Promise<void>((resolve) => ends.push(resolve)),
    end: (index: number) => ends[index]?.(),
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the hashing queue', () => {
  it('runs as many at once as allowed, and the next when one ends', async () => {
    const { run } = aQueue({ parallel: 2, queueMax: 10 })
    const { begun, task, end } = tasks()
    const all = [run(task), run(task), run(task)]
    await turn()
    expect(begun()).toBe(2)
    end(0)
    await turn()
    expect(begun()).toBe(3)
    end(1)
    end(2)
    await Promise.all(all)
  })

  it('refuses at once what finds the queue full, and says when to come again', async () => {
    const { run } = aQueue({ parallel: 1, queueMax: 1 })
    const { begun, task, end } = tasks()
    const kept = [run(task), run(task)]
    const refusal = await run(task).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(Problem)
    expect((refusal as Problem).extensions).toEqual({ code: 'UNAVAILABLE', retryAfterMs: 100 })
    expect(begun()).toBe(1)
    end(0)
    await turn()
    end(1)
    await Promise.all(kept)
  })

  it('gives the place of a failed task to the next', async () => {
    const { run } = aQueue({ parallel: 1, queueMax: 5 })
    const failed = run(() => Promise.reject(new Error('no memory')))
    const next = run(async () => 'done')
    await expect(failed).rejects.toThrow('no memory')
    await expect(next).resolves.toBe('done')
    await expect(run(async () => 'again')).resolves.toBe('again')
  })

  it('never runs more than allowed while hundreds come and go', async () => {
    const { run } = aQueue({ parallel: 10, queueMax: 500 })
    let running = 0
    let most = 0
    const task = async () => {
      running += 1
      most = Math.max(most, running)
      await turn()
      running -= 1
    }
    await Promise.all(Array.from({ length: 300 }, () => run(task)))
    expect({ most, running }).toEqual({ most: 10, running: 0 })
  })

  it('refuses what would wait longer than three seconds, however many may wait', async () => {
    const { run } = aQueue({ parallel: 2, queueMax: 500 })
    const { begun, task, end } = tasks()
    const outcomes = Array.from({ length: 200 }, () => run(task).catch((refused: Problem) => refused.extensions))
    // Two run; at 50 ms each, the hundred and twentieth in the queue is the last that two can serve within 3 s.
    const refused = await Promise.all(outcomes.slice(122))
    expect(new Set(refused.map((extensions) => JSON.stringify(extensions)))).toEqual(
      new Set([JSON.stringify({ code: 'UNAVAILABLE', retryAfterMs: 2_000 })]),
    )
    for (let index = 0; index < 122; index += 1) {
      end(index)
      await turn()
    }
    expect(await Promise.all(outcomes.slice(0, 122))).toEqual(Array(122).fill(undefined))
    expect(begun()).toBe(122)
  })

  it('learns from the hashes how long the wait is', async () => {
    const clock = clockAt('2030-01-01T00:00:00Z')
    const { run } = aQueue({ parallel: 1, queueMax: 500 }, clock)
    for (let count = 0; count < 50; count += 1) await run(async () => clock.advance(400))
    const { task, end } = tasks()
    const outcomes = Array.from({ length: 10 }, () =>
      run(task).then(
        () => 'done',
        () => 'refused',
      ),
    )
    expect(await Promise.all(outcomes.slice(8))).toEqual(Array(2).fill('refused'))
    for (let index = 0; index < 8; index += 1) {
      end(index)
      await turn()
    }
    expect(await Promise.all(outcomes)).toEqual([...Array(8).fill('done'), ...Array(2).fill('refused')])
  })

  it('never hashes for those who have waited longer than four seconds, and goes on with who came after', async () => {
    const clock = clockAt('2030-01-01T00:00:00Z')
    const { run } = aQueue({ parallel: 1, queueMax: 500 }, clock)
    const { begun, task, end } = tasks()
    const slow = run(task)
    const stale = [run(task), run(task)]
    clock.advance(2_001)
    const fresh = run(task)
    clock.advance(2_000)
    await turn()
    end(0)
    await slow
    const outcomes = await Promise.allSettled(stale)
    expect(outcomes).toMatchObject(Array(2).fill({ status: 'rejected', reason: { code: 'UNAVAILABLE' } }))
    await turn()
    expect(begun()).toBe(2)
    end(1)
    await fresh
    await expect(run(async () => 'again')).resolves.toBe('again')
  })
})
