/** Whoever comes with the same text while it is looked at waits for the same answer: one check, one change. */
import { hash } from 'node:crypto'

export function sharedByText<Result>(): (text: string, work: () => Promise<Result>) => Promise<Result> {
  // By digest, so that no key's text is held longer than its request.
  const underway = new Map<string, Promise<Result>>()
  return (text, work) => {
    const digest = hash('sha256', text)
    const before = underway.get(digest)
    if (before) return before
    const working = work().finally(() => underway.delete(digest))
    underway.set(digest, working)
    return working
  }
}
