/** What a subgraph behind Latchkey must hold to, fired at a running one. */
import { type Probe, probes, type Target } from './probes.ts'

export type { Target } from './probes.ts'

export interface Report {
  readonly name: string
  /** `null`: it held. */
  readonly broken: string | null
}

/** Fires all of them at once, and tells of each in the order of the card. Does no harm: none gets further than `{ __typename }`. */
export async function* checkContract(target: Target): AsyncGenerator<Report> {
  const [first, ...others] = probes
  if (!first) return
  // The first alone: a subgraph that is still fetching the keys is waited for once.
  const report = await judge(first, target)
  yield report
  const begun = others.map((probe) => judge(probe, target))
  for (const each of begun) yield await each
}

const judge = async (probe: Probe, target: Target): Promise<Report> => ({
  name: probe.name,
  broken: await probe.fire(target),
})

/** A line of the card. */
export const lineOf = ({ name, broken }: Report): string => (broken === null ? `✓ ${name}` : `✗ ${name}: ${broken}`)

export const summaryOf = (reports: readonly Report[]): string => {
  const broken = reports.filter((report) => report.broken !== null).length
  return `${reports.length - broken} held, ${broken} broken.`
}
