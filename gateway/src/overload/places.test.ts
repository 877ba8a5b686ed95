import { expect, it } from 'vitest'
import { createPlaces } from './places.ts'

it('a household of IPv6 is one network, however many addresses it asks from', () => {
  const places = createPlaces()
  places.takeFairly(4, '198.51.100.7')
  const taken = Array.from({ length: 8 }, (_, at) => places.takeFairly(4, `2001:db8:0:1::${at}`))
  expect(taken.filter((end) => end !== null)).toHaveLength(2)
})

it('where more networks ask than there are places, each has one, and whoever comes first has it', () => {
  const places = createPlaces()
  const ask = (count: number) =>
    Array.from({ length: count }, (_, at) => places.takeFairly(10, `198.51.${Math.floor(at / 250)}.${at % 250}`))
  expect(ask(500).filter((end) => end !== null)).toHaveLength(10)
  expect(places.taken).toBe(10)
  expect(places.takeFairly(11, '198.51.0.0')).toBeNull()
})

it('ten thousand networks are told apart, and more cost no more memory', () => {
  const places = createPlaces()
  for (let at = 0; at < 12_000; at += 1) places.takeFairly(100_000, `10.0.${at >> 8}.${at & 255}`)?.()
  for (let at = 0; at < 20; at += 1) places.takeFairly(100_000, '203.0.113.9')
  expect(places.taken).toBe(10)
})

it('a place that is left is free again, once', () => {
  const places = createPlaces()
  const end = places.takeFairly(1, '192.0.2.1')
  expect(places.takeFairly(1, '192.0.2.1')).toBeNull()
  end?.()
  expect(places.taken).toBe(0)
  expect(places.takeFairly(1, '192.0.2.1')).not.toBeNull()
})
