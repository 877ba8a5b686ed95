/** Requirements in a few words. */
import type { AccessRequirement } from '@latchkey/subgraph/access-requirements'
import type { Assurance } from '@latchkey/subgraph/assurance'

/** `a and b`, `(a or b) and c`; empty where nothing is asked for. */
export function describeSets(
  groups: AccessRequirement['scopes'],
  word: (name: string) => string = (name) => name,
): string {
  const asked = groups.map((sets) => sets.map((set) => set.map(word).join(' and ')).join(' or '))
  return asked.map((text) => (asked.length > 1 && text.includes(' or ') ? `(${text})` : text)).join(' and ')
}

export function describeRequirement(requirement: AccessRequirement | null): string {
  if (requirement === null) return 'not there'
  const { signedIn, scopes, policies, assurance } = requirement
  const words = [
    describeSets(scopes) || (signedIn ? 'signed in' : ''),
    describeSets(policies, (name) => `policy ${name}`),
    assurance ? describeAssurance(assurance) : '',
  ].filter((text) => text !== '')
  return words.join(' and ') || 'everyone'
}

const describeAssurance = ({ level, maxAgeSeconds }: Assurance): string =>
  `${level}${maxAgeSeconds === null ? '' : ` proved within ${maxAgeSeconds} s`}`
