/** Which resources a key may touch: patterns that subgraphs apply to what is theirs. */
import type { ReadPart } from './confinement.ts'

export interface ResourcesInput {
  readonly resources?: readonly string[] | null
}

const resourcesMax = 100
/** A kind, and the id of one or a star for all. */
const pattern = /^[a-z][a-z0-9-]{0,31}:(?:\*|[\w.@-]{1,128})$/

export function readResources({ resources }: ResourcesInput): ReadPart {
  if (!resources) return {}
  const wrong = faultOf(resources)
  if (wrong !== null) return { faults: { 'input.resources': wrong } }
  return { part: { resources: resources.length > 0 ? [...new Set(resources)] : undefined } }
}

function faultOf(resources: readonly string[]): string | null {
  if (resources.length > resourcesMax) return `must name at most ${resourcesMax} resources`
  const wrong = resources.find((resource) => !pattern.test(resource))
  return wrong === undefined ? null : `must be of the form \`project:123\` or \`project:*\`: ${wrong.slice(0, 64)}`
}
