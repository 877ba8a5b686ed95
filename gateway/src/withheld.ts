/** What one caller is not given of an operation: no subgraph is asked for it, and it reads as null with an error that says why. */
import type { Problem } from '@latchkey/problem'

export interface Withheld {
  /** The same for the same fields and reasons: what is compiled without them is kept under it. */
  readonly key: string
  /** Of a field `Type.field`, interfaces' included; `undefined`: it is given. */
  reasonFor(coordinate: string): Problem | undefined
}

export const nothingWithheld: Withheld = { key: '', reasonFor: () => undefined }
