/** One principal for as long as the records it was made of are the same: whoever remembers something of it can find it again. */
import type { Principal } from '@latchkey/principal'
import type { GrantsRecord } from '@latchkey/principal/credential-records'

interface Made<Kind> {
  readonly grants: GrantsRecord
  readonly principal: Kind
}

/** Records are told apart by identity, so a record that was read anew and changed gives a principal anew. It comes frozen. */
export function oncePerRecords<Credential extends object, Kind extends Principal>(
  make: (credential: Credential, grants: GrantsRecord) => Kind,
): (credential: Credential, grants: GrantsRecord) => Kind {
  const known = new WeakMap<Credential, Made<Kind>>()
  return (credential, grants) => {
    const before = known.get(credential)
    if (before?.grants === grants) return before.principal
    const principal = Object.freeze(make(credential, grants))
    known.set(credential, { grants, principal })
    return principal
  }
}
