/** What an answer over subgraphs says otherwise than one schema does. */
import type { DocumentNode, ExecutionResult, GraphQLError } from 'graphql'
import type { Withheld } from '../../withheld.ts'
import type { Federation, Thing } from '../federation.contract.ts'

/**
 * Nothing when both agree. Data agrees byte for byte, the order of keys included. Errors agree as sets: each field that failed
 * and is null itself, with its code (or its message, where it has none), and each null that failures below were passed up to.
 * Which failure below a null is told first, and whether its siblings are told at all, GraphQL leaves open (6.4.4); but each that is
 * told must be one that one schema can have there.
 */
export async function differences(
  federation: Federation,
  document: DocumentNode,
  variables: Thing,
  withheld?: Withheld,
): Promise<readonly string[] | 'not planned'> {
  const alone = await federation.alone(document, variables, withheld)
  const together = await federation.together(document, variables, withheld).catch((thrown: unknown) => String(thrown))
  if (typeof together === 'string') return [`It rejects: ${together}`]
  if (isNotPlanned(together)) return 'not planned'
  const found: string[] = []
  const [one, other] = [JSON.stringify(alone.data), JSON.stringify(together.data)]
  if (one !== other) found.push(`One schema answers  ${one}`, `subgraphs answer    ${other}`)
  const [told, toldTogether] = [failures(alone), failures(together)]
  for (const each of told) if (!toldTogether.has(each)) found.push(`Only one schema tells  ${each}`)
  for (const each of toldTogether) if (!told.has(each)) found.push(`Only subgraphs tell  ${each}`)
  const possible = await federation.tolerantly(document, variables, withheld)
  return [...found, ...impossible(together, possible)]
}

/** Refused before anything was asked. */
const isNotPlanned = ({ data, errors = [] }: ExecutionResult): boolean =>
  data === undefined &&
  errors.length > 0 &&
  errors.every(({ message }) => message.startsWith('This operation cannot be planned'))

function failures({ data, errors = [] }: ExecutionResult): ReadonlySet<string> {
  return new Set(
    errors.map((error) => {
      const { path = [] } = error
      const at = nullOn(data, path)
      if (at === undefined) return `${tell(error)}, where there is a value`
      return at.length === path.length ? tell(error) : `a failure below ${at.join('.')}`
    }),
  )
}

/** Errors that one schema does not have, and complaints of a null where it has a value. */
function impossible({ errors = [] }: ExecutionResult, possible: ExecutionResult): string[] {
  const known = new Set(possible.errors?.map(tell))
  const isTrueNull = ({ message, path = [] }: GraphQLError) =>
    message.startsWith('Cannot return null for non-nullable field') && nullOn(possible.data, path) !== undefined
  return errors
    .filter((error) => !known.has(tell(error)) && !isTrueNull(error))
    .map((one) => `Impossible: ${tell(one)}`)
}

const tell = ({ path, message, extensions }: GraphQLError): string =>
  `${path?.join('.') ?? 'nowhere'}: ${extensions.code ?? message}`

/** The path of the first null on the way. */
function nullOn(data: unknown, path: readonly (string | number)[]): readonly (string | number)[] | undefined {
  let value = data
  for (const [at, key] of path.entries()) {
    if (value === null || typeof value !== 'object') return value === null ? path.slice(0, at) : undefined
    value = (value as Thing)[key] // an object or a list
  }
  return value === null ? path : undefined
}
