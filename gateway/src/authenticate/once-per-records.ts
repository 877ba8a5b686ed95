/** One caller for as long as the records it was made of are the same: whoever remembers something of it can find it again. */
import type { GrantsRecord } from '@latchkey/principal/credential-records'
import type { Caller } from '../pipeline.ts'

interface Made {
  readonly grants: GrantsRecord
  readonly caller: Caller
}

/** Records are told apart by identity, so a record that was read anew and changed gives a caller anew. It comes frozen. */
export function oncePerRecords<Credential extends object>(
  make: (credential: Credential, grants: GrantsRecord) => Caller,
): (credential: Credential, grants: GrantsRecord) => Caller {
  const known = new WeakMap<Credential, Made>()
  return (credential, grants) => {
    const before = known.get(credential)
    if (before?.grants === grants) return before.caller
    const caller = make(credential, grants)
    Object.freeze(caller.principal)
    known.set(credential, { grants, caller })
    return caller
  }
}
