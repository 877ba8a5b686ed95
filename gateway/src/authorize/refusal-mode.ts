/** Whether an operation is refused when one of its fields is, or answered without that field. */
import type { RequestHeaders } from '../pipeline.ts'
import { protocolError } from '../protocol-error.ts'

/** `reject`: the whole operation. `filter`: the field reads as null, with an error at its path. */
export type RefusalMode = 'reject' | 'filter'

/** `x-latchkey-authorization: reject` */
export const refusalModeHeader = 'x-latchkey-authorization'

/** The server's own, or what the client narrows it to. Throws BAD_REQUEST for anything else: nobody asks for `filter`. */
export function refusalModeOf(headers: RequestHeaders, own: RefusalMode): RefusalMode {
  const asked = headers[refusalModeHeader]
  if (asked === undefined) return own
  if (asked === 'reject') return 'reject'
  throw protocolError('BAD_REQUEST', `The only value of ${refusalModeHeader} is \`reject\`.`)
}
