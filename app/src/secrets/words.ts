/** What an operator types after `secrets …`. Pure. */
import { isSecretKind, type SecretKind, secretKinds } from '@latchkey/secrets/file'
import { fault } from '../embedded/fault.ts'

export const plural = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`

export function kindsIn(words: readonly string[]): readonly SecretKind[] {
  if (words.includes('all') || words.length === 0) return secretKinds
  return words.map((word) => {
    if (!isSecretKind(word)) throw fault(`There is no secret ${word}. The kinds are ${secretKinds.join(', ')}, or all.`)
    return word
  })
}

/** Words that begin with `--`, some of which are followed by a value. */
export function optionsIn(values: readonly string[], taking: readonly string[]) {
  const options = new Map<string, string>()
  const words: string[] = []
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? ''
    if (!value.startsWith('--')) words.push(value)
    else options.set(value, taking.includes(value) ? (values[++at] ?? '') : '')
  }
  return { options, words }
}
