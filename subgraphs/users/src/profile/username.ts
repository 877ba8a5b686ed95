/** User names: which are accepted, and when two of them are one. */

export interface Username {
  /** As the person wrote it. */
  readonly written: string
  /** The same for every name that could be mistaken for it: what is looked up. */
  readonly skeleton: string
}

const lengthMin = 3
const lengthMax = 32

// Letters and digits of ASCII, joined by single marks: no name of another script looks like one of these.
const form = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/

const reserved = [
  ...['admin', 'administrator', 'root', 'system', 'operator', 'moderator', 'owner', 'staff', 'official'],
  ...['support', 'help', 'helpdesk', 'security', 'abuse', 'postmaster', 'hostmaster', 'webmaster', 'noreply'],
  ...['me', 'you', 'self', 'user', 'users', 'everyone', 'nobody', 'anonymous', 'unknown', 'null', 'undefined'],
  ...['account', 'api', 'auth', 'login', 'signin', 'signup', 'register', 'settings', 'latchkey'],
]

/**
 * Case folded, marks taken out, and what looks alike made alike: the confusables of ASCII in Unicode TR39 (`0` and `O`; `1`,
 * `l` and `I`; `rn` and `m`), and the pairs `vv` and `w`, `cl` and `d` that many fonts draw so.
 */
export const skeletonOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[._-]/g, '')
    .replaceAll('0', 'o')
    .replace(/[1i]/g, 'l')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll('cl', 'd')

const reservedSkeletons = new Set(reserved.map(skeletonOf))

/** The name, or what is wrong with it. */
export function parseUsername(text: string): Username | { readonly fault: string } {
  if (text.length < lengthMin || text.length > lengthMax || !form.test(text))
    return {
      fault: `must be ${lengthMin} to ${lengthMax} letters a-z and digits, joined by single dots, hyphens or underscores`,
    }
  const skeleton = skeletonOf(text)
  return reservedSkeletons.has(skeleton) ? { fault: 'is reserved' } : { written: text, skeleton }
}
