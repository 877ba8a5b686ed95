import { describe, expect, it } from 'vitest'
import { addTime, bucketOf, percentile } from './latency.ts'

const histogramOf = (times: readonly number[]) => {
  const histogram: number[] = []
  for (const time of times) addTime(histogram, time)
  return histogram
}

describe('a histogram of latencies', () => {
  it('tells every percentile with less than a tenth of error, from a tenth of a millisecond to three minutes', () => {
    for (let time = 0.1; time < 200_000; time *= 1.013) {
      const told = percentile(histogramOf([time]), 0.5) ?? 0
      expect(Math.abs(told - time) / time).toBeLessThan(0.1)
    }
  })

  it('is right about the order of many', () => {
    const times = Array.from({ length: 10_000 }, (_, at) => (at + 1) / 10)
    const histogram = histogramOf(times)
    for (const [part, exact] of [
      [0.5, 500],
      [0.95, 950],
      [0.99, 990],
    ] as const) {
      const told = percentile(histogram, part) ?? 0
      expect(Math.abs(told - exact) / exact).toBeLessThan(0.1)
    }
  })

  it('keeps what is shorter or longer than its buckets in the first and the last of them', () => {
    expect([bucketOf(0), bucketOf(0.1), bucketOf(0.101), bucketOf(1e9)]).toEqual([0, 0, 1, 80])
  })

  it('says nothing of nothing', () => {
    expect([percentile([], 0.5), percentile([0, 0], 0.99)]).toEqual([null, null])
  })
})
