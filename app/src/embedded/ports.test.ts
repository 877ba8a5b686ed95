import { expect, it } from 'vitest'
import { freePort } from './ports.ts'

it('offers no port twice to those who ask before anybody listens', async () => {
  const firsts = await Promise.all(Array.from({ length: 100 }, () => freePort(2)))
  expect(new Set(firsts.flatMap((port) => [port, port + 1])).size).toBe(200)
})
