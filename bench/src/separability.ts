/** How well two sets of measurements can be told apart. */

/** The area under the ROC curve (Mann-Whitney U over the number of pairs): 0.5 not at all, 0 or 1 always. Ties count half. */
export function separability(one: readonly number[], other: readonly number[]): number {
  const sorted = [
    ...one.map((value) => ({ value, from: 'one' })),
    ...other.map((value) => ({ value, from: 'other' })),
  ].sort((a, b) => a.value - b.value)
  let rankSum = 0
  for (let begin = 0, end = 0; begin < sorted.length; begin = end) {
    while (end < sorted.length && sorted[end]?.value === sorted[begin]?.value) end++
    const sharedRank = (begin + 1 + end) / 2
    rankSum += sharedRank * sorted.slice(begin, end).filter(({ from }) => from === 'other').length
  }
  const pairs = one.length * other.length
  return (rankSum - (other.length * (other.length + 1)) / 2) / pairs
}
