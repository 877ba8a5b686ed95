import { describe, expect, it } from 'vitest'
import { untilLull } from './lull.ts'

/** Something that grows by one in each of the next `turns` turns of the event loop. */
function growing(turns: number) {
  let count = 0
  const grow = () => {
    count += 1
    if (count < turns) setImmediate(grow)
  }
  if (turns > 0) setImmediate(grow)
  return () => count
}

describe('a lull', () => {
  it('has come when a turn of the event loop brought nothing', async () => {
    const count = growing(3)
    await untilLull(count)
    expect(count()).toBe(3)
  })

  it('is one turn away where nothing comes', async () => {
    let turns = 0
    const watch = () => {
      turns += 1
      if (turns < 5) setImmediate(watch)
    }
    setImmediate(watch)
    await untilLull(() => 0)
    expect(turns).toBe(1)
  })

  it('is not waited for without end', async () => {
    const count = growing(1_000)
    await untilLull(count)
    expect(count()).toBe(8)
  })
})
