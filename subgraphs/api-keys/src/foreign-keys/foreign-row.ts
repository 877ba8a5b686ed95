/** A row of an import from another system: one line of JSON about one key, judged before anything is done with it. Pure. */
import type { Scope } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { z } from 'zod'
import type { ReadingContext } from '../keys/confinement.ts'
import { isOwnerId, type NewKeyTerms, parseNewKey } from '../keys/key.ts'
import { parseLabel } from '../keys/label.ts'
import { foreignFormats, type ParsedForeignHash, parseForeignHash } from './foreign-hash.ts'

export interface ForeignRow {
  readonly line: number
  /** What the other system calls the key: a row with the same one is about the same key. */
  readonly externalId: string
  readonly ownerId: string
  readonly hash: ParsedForeignHash
  readonly terms: NewKeyTerms
}

const rowCharactersMax = 32_768
const externalIdMax = 128

const form = z.strictObject({
  externalId: z.string(),
  ownerId: z.string(),
  name: z.string(),
  description: z.string().nullable().default(null),
  metadata: z.record(z.string(), z.unknown()).default({}),
  scopes: z.array(z.string()),
  expiresAt: z.string().nullable().default(null),
  resources: z.array(z.string()).nullable().default(null),
  hash: z.strictObject({
    format: z.enum(foreignFormats),
    value: z.string(),
    secret: z.string().optional(),
    prefix: z.string().optional(),
  }),
})

export interface RowTerms extends ReadingContext {
  /** Scopes that exist. */
  readonly known: readonly Scope[]
}

type Faults = Readonly<Record<string, string>>

/** The row, or what is wrong with it in words that name every member and quote no value. */
export function parseForeignRow(line: number, text: string, terms: RowTerms): ForeignRow | { readonly fault: string } {
  if (text.length > rowCharactersMax) return { fault: `must be at most ${rowCharactersMax} characters` }
  const { data, error } = form.safeParse(jsonOf(text))
  if (error) return { fault: inWords(faultsOfForm(error)) }
  const { hash: givenHash, metadata, ownerId, ...given } = data
  const externalId = parseLabel(given.externalId, { min: 1, max: externalIdMax })
  const hash = parseForeignHash(givenHash)
  const newKey = newKeyOf({ ...given, metadata: JSON.stringify(metadata) }, terms)
  const faults: Faults = {
    ...(externalId.fault === null ? {} : { externalId: externalId.fault }),
    ...(isOwnerId(ownerId) ? {} : { ownerId: 'must be the id of an account' }),
    ...('fault' in hash ? { hash: hash.fault } : {}),
    ...('faults' in newKey ? newKey.faults : {}),
  }
  if (Object.keys(faults).length > 0 || externalId.text === null || 'fault' in hash || 'faults' in newKey)
    return { fault: inWords(faults) }
  return { line, externalId: externalId.text, ownerId, hash, terms: newKey }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const inWords = (faults: Faults): string =>
  Object.entries(faults)
    .map(([member, fault]) => `${member} ${fault}`)
    .join('; ')

const faultsOfForm = (error: z.ZodError): Faults =>
  Object.fromEntries(
    error.issues.map(({ path, code }) => [
      path.join('.') || 'row',
      code === 'unrecognized_keys' ? 'has members that mean nothing here' : 'is missing or of the wrong kind',
    ]),
  )

/** The same terms as for a key that is made here. */
function newKeyOf(
  input: Parameters<typeof parseNewKey>[0],
  { known, now, graph }: RowTerms,
): NewKeyTerms | { faults: Faults } {
  try {
    return parseNewKey(input, { permitted: known, known: [], now, graph })
  } catch (thrown) {
    if (!(thrown instanceof Problem) || !thrown.facts.fields) throw thrown
    const fields = Object.entries(thrown.facts.fields)
    return { faults: Object.fromEntries(fields.map(([path, fault]) => [path.replace(/^input\./, ''), fault])) }
  }
}
