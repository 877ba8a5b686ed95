/** An explanation as a tree for a terminal: a line for each place, with its mark, and below it what is missing there. */
import type { Explanation } from '@latchkey/gateway'

type Coordinate = Explanation['coordinates'][number]
type Scope = Explanation['scopes'][number]

export function treeOf(explanation: Explanation): string {
  const { caller, coordinates, scopes, key, assurance, limits, smallestChanges } = explanation
  return [
    whoIs(caller),
    ...coordinates.flatMap((each) => placeLines(each, scopes)),
    ...(key ? keyLines(key) : []),
    ...(assurance ? [assuranceLine(assurance)] : []),
    ...limits.filter(({ exceeded }) => exceeded).map(({ name, max }) => `${no} ${name}: at most ${max}`),
    verdictOf(explanation),
    ...(smallestChanges.length > 0 ? remedyLines(smallestChanges) : []),
  ].join('\n')
}

const [yes, no] = ['✓', '✗']
const mark = (good: boolean): string => (good ? yes : no)
const indent = (level: number): string => '  '.repeat(level)
const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '))

function whoIs({ kind, userId, apiKeyId, roles, scopes }: Explanation['caller']): string {
  if (kind === 'anonymous') return 'Somebody who is not signed in'
  const who = apiKeyId ? `The key ${apiKeyId} of ${userId}` : (userId ?? 'Somebody')
  return `${who}, with the roles ${listed(roles)}: ${listed(scopes)}`
}

/** A type that a fragment narrows to stands among its fields. */
function placeLines(
  { path, coordinate, decision, subgraphs, requirements, allowedToKey }: Coordinate,
  scopes: readonly Scope[],
) {
  const level = Math.max(1, coordinate.includes('.') ? path.length : path.length + 1)
  const name = coordinate.includes('.') ? path.at(-1) : `… on ${coordinate}`
  const home = subgraphs && subgraphs.length > 0 ? ` [${subgraphs.join(', ')}]` : ''
  return [
    `${indent(level)}${mark(decision === 'PERMITTED')} ${name}  ${coordinate}${home}`,
    ...requirements.filter(({ fulfilled }) => !fulfilled).flatMap((each) => requirementLines(each, level + 2, scopes)),
    ...(allowedToKey === false ? [`${indent(level + 2)}the access list of the key does not allow it`] : []),
  ]
}

function requirementLines(
  { directive, declaredAt, subgraphs, scopes: sets }: Coordinate['requirements'][number],
  level: number,
  scopes: readonly Scope[],
): string[] {
  const from = declaredAt ? ` at ${declaredAt}, ${joined(subgraphs ?? [])}` : ''
  const missing = scopes.filter(({ name, held }) => !held && sets.flat().includes(name))
  return [
    `${indent(level)}${directive}${from}`,
    ...missing.map(({ name, roles }) => `${indent(level + 1)}${name} is not held; given by ${listed(roles ?? [])}`),
  ]
}

const joined = (subgraphs: readonly string[]): string =>
  subgraphs.length === 1 ? `by ${subgraphs[0]}` : `joined of ${subgraphs.join(', ')}`

function keyLines({ refusal, operationBound, refusedCoordinates }: NonNullable<Explanation['key']>): string[] {
  return [
    ...(refusal ? [`${no} the key is refused whatever it asks: ${refusal}`] : []),
    ...(operationBound === false ? [`${no} the key is bound to other operations`] : []),
    ...refusedCoordinates.map((coordinate) => `${no} not allowed to the key: ${coordinate}`),
  ]
}

function assuranceLine({ level, maxAgeSeconds, heldLevel, fulfilled }: NonNullable<Explanation['assurance']>): string {
  const age = maxAgeSeconds === null ? '' : `, ${maxAgeSeconds} seconds ago at most`
  return `${mark(fulfilled)} proof of who it is: ${level}${age}; held: ${heldLevel ?? 'none, it is not the person'}`
}

const verdictOf = ({ decision, reason, message }: Explanation): string =>
  decision === 'PERMITTED'
    ? `${yes} PERMITTED`
    : `${no} ${decision}${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`

function remedyLines(remedies: Explanation['smallestChanges']): string[] {
  const [first, ...others] = remedies.map(({ changes }) => changes.map(({ sentence }) => `  → ${sentence}`))
  return [
    'The smallest change that would let it pass:',
    ...(first ?? []),
    ...others.flatMap((other) => ['or', ...other]),
  ]
}
