import { Problem } from '@latchkey/problem'
import { describe, expect, it } from 'vitest'
import { createHashingQueue } from './hashing-queue.ts'

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
    const { run } = createHashingQueue({ parallel: 2, queueMax: 10 })
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
    const { run } = createHashingQueue({ parallel: 1, queueMax: 1 })
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
    const { run } = createHashingQueue({ parallel: 1, queueMax: 5 })
    const failed = run(() => Promise.reject(new Error('no memory')))
    const next = run(async () => 'done')
    await expect(failed).rejects.toThrow('no memory')
    await expect(next).resolves.toBe('done')
    await expect(run(async () => 'again')).resolves.toBe('again')
  })

  it('never runs more than allowed while hundreds come and go', async () => {
    const { run } = createHashingQueue({ parallel: 3, queueMax: 500 })
    let running = 0
    let most = 0
    const task = async () => {
      running += 1
      most = Math.max(most, running)
      await turn()
      running -= 1
    }
    await Promise.all(Array.from({ length: 300 }, () => run(task)))
    expect({ most, running }).toEqual({ most: 3, running: 0 })
  })
})
