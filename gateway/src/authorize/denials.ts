/** What the gateway counts of what it denies: by field, and by why. */
import type { Footprint } from '@latchkey/subgraph/coordinates'
import { boundedNames, countOf } from '@latchkey/telemetry/metrics'
import type { Asking } from './access-verdict.ts'
import type { FieldFilter } from './field-filter.ts'

const denials = countOf(
  'latchkey_denials_total',
  'Fields that were asked for and denied by the gateway, by coordinate and code; each once an operation.',
  ['coordinate', 'code'],
)

/** The coordinates come from the supergraph; a graph that was replaced may have had others. */
const coordinatesMax = 500
const nameOf = boundedNames(coordinatesMax)

/** Judges the fields of an operation that is denied, one by one: it is denied as a whole, and by its first. */
export const countDenials =
  (filter: FieldFilter) =>
  (operation: Footprint, asking: Asking): void => {
    const { reasonFor } = filter(operation, asking)
    for (const coordinate of operation.coordinates) {
      const reason = reasonFor(coordinate)
      if (reason) denials.add({ coordinate: nameOf(coordinate), code: reason.code })
    }
  }
