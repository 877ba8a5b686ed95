/**
 * How long answers took, as counts in fixed buckets: histograms of any two moments, keys or processes add up, bucket by bucket.
 * Each bucket ends a fifth higher than the one before it, from 0.1 ms to 3.6 minutes. A percentile is told as the geometric middle
 * of its bucket, so it is wrong by less than 10 % of itself.
 */

export type Histogram = readonly number[]

const firstMs = 0.1
const growth = 1.2
const last = 80

/** The bucket that a time falls into. */
export const bucketOf = (tookMs: number): number =>
  tookMs <= firstMs ? 0 : Math.min(last, Math.ceil(Math.log(tookMs / firstMs) / Math.log(growth) - 1e-9))

const middleOf = (bucket: number): number => firstMs * growth ** (bucket === 0 ? 0 : bucket - 0.5)

/** The time within which that part of the answers came, in milliseconds; `null` when there were none. */
export function percentile(histogram: Histogram, part: number): number | null {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  let left = Math.max(1, Math.ceil(total * part))
  for (const [bucket, count] of histogram.entries()) {
    left -= count
    if (left <= 0) return Number(middleOf(bucket).toPrecision(3))
  }
  return null
}

/** Adds one answer. What is not there yet counts as nothing. */
export function addTime(histogram: number[], tookMs: number): void {
  const bucket = bucketOf(tookMs)
  while (histogram.length <= bucket) histogram.push(0)
  histogram[bucket] = (histogram[bucket] ?? 0) + 1
}

/** Adds all that another one counts. */
export function addHistogram(histogram: number[], other: Histogram): void {
  for (const [bucket, count] of other.entries()) histogram[bucket] = (histogram[bucket] ?? 0) + count
}
