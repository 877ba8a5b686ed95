import { afterEach, expect, it, vi } from 'vitest'
import { createWatch, type Watch } from './watch.ts'

let watch: Watch
afterEach(() => watch.close())

const soon = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 2 })

function aWatch(known?: string) {
  const house = { value: 'a', done: [] as string[], faults: 0, fails: false }
  watch = createWatch({
    ...(known !== undefined && { known }),
    read: () => house.value,
    act: async (value) => {
      if (house.fails) throw new Error('not now')
      house.done.push(value)
    },
    failed: () => {
      house.faults += 1
    },
    pauseMs: 1,
  })
  return house
}

it('does what is to be done once for each new value, the first among them unless it is known', async () => {
  const house = aWatch()
  watch.start()
  watch.start()
  await soon(() => expect(house.done).toEqual(['a']))
  house.value = 'b'
  await soon(() => expect(house.done).toEqual(['a', 'b']))
  await watch.close()
  const knowing = aWatch('a')
  watch.start()
  knowing.value = 'c'
  await soon(() => expect(knowing.done).toEqual(['c']))
})

it('does it again when it failed, and nothing once it is closed', async () => {
  const house = aWatch()
  house.fails = true
  watch.start()
  await soon(() => expect(house.faults).toBeGreaterThan(2))
  house.fails = false
  await soon(() => expect(house.done).toEqual(['a']))
  await watch.close()
  house.value = 'b'
  watch.start()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(house.done).toEqual(['a'])
})
