/** `supergraph diff OLD NEW`: what a new supergraph changes about who may ask for what. */
import { readFileSync } from 'node:fs'
import { type AccessChange, type AccessChangeKind, diffAccess } from '@latchkey/gateway/access-diff'
import { describeRequirement } from '@latchkey/gateway/access-words'
import { type AccessRequirement, judgeAccess } from '@latchkey/subgraph/access-requirements'
import { type Environment, parseConfig } from '../config.ts'
import type { CredentialHolders } from '../credential-holders.ts'
import { fault } from '../embedded/fault.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { withApplication } from '../standing-application.ts'
import { type Command, misused } from './command.ts'

const headings: Readonly<Record<AccessChangeKind, string>> = {
  wider: 'Wider: more callers may ask',
  different: 'Different: some may ask who could not, and some may not who could',
  added: 'New',
  narrower: 'Narrower: fewer callers may ask',
  removed: 'Gone',
}
/** In the order in which a reviewer wants to see them. */
const kinds: readonly AccessChangeKind[] = ['wider', 'different', 'added', 'narrower', 'removed']

/** What nobody should merge without having looked at it. */
const widens = ({ kind, after }: AccessChange): boolean =>
  kind === 'wider' ||
  kind === 'different' ||
  (kind === 'added' && after?.signedIn === false && after.policies.length === 0)

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw fault(`The supergraph cannot be read: ${file}.`)
  }
}

function compare(before: string, after: string): readonly AccessChange[] {
  try {
    return diffAccess(read(before), read(after))
  } catch (thrown) {
    throw fault(
      `${before} and ${after} cannot be compared: ${thrown instanceof Error ? thrown.message : thrown}`,
      thrown,
    )
  }
}

const words = (change: AccessChange): string =>
  change.kind === 'added' || change.kind === 'removed'
    ? describeRequirement(change.after ?? change.before)
    : `${describeRequirement(change.before)} → ${describeRequirement(change.after)}`

/** What a change does to those who hold scopes. Strength of proof and policies are left out: they are nobody's for good. */
function reach({ before, after }: AccessChange, holders: CredentialHolders | null): string {
  if (!holders) return ''
  const judge = (requirement: AccessRequirement | null, scopes: readonly string[]): boolean =>
    requirement !== null && judgeAccess(requirement, { ...someone, scopes }) === 'permitted'
  const turned = ({ scopes }: { readonly scopes: readonly string[] }) => judge(before, scopes) !== judge(after, scopes)
  const roles = holders.roles.filter(turned).map(({ name }) => name)
  const keys = holders.keys.filter(turned)
  const count = keys.reduce((sum, group) => sum + group.keys, 0)
  const examples = keys.flatMap((group) => group.examples).slice(0, examplesMax)
  const named = count > examples.length ? `${examples.join(', ')}, …` : examples.join(', ')
  return [
    ...(roles.length > 0 ? [`; roles: ${roles.join(', ')}`] : []),
    ...(count > 0 ? [`; keys: ${count} (${named})`] : []),
  ].join('')
}

const examplesMax = 10
const someone = { kind: 'apiKey', keyId: '', ownerId: '', restrictions: [] } as const

const asText = (changes: readonly AccessChange[], row: (change: AccessChange) => string): string =>
  kinds
    .flatMap((kind) => {
      const some = changes.filter((change) => change.kind === kind)
      return some.length === 0
        ? []
        : [headings[kind], ...some.map((change) => `  ${change.coordinate}: ${row(change)}`)]
    })
    .join('\n')

const asMarkdown = (changes: readonly AccessChange[], row: (change: AccessChange) => string): string =>
  kinds
    .flatMap((kind) => {
      const some = changes.filter((change) => change.kind === kind)
      const rows = some.map((change) => `| \`${change.coordinate}\` | ${row(change)} |`)
      return some.length === 0
        ? []
        : [`### ${headings[kind]}\n\n| coordinate | who may ask |\n| --- | --- |`, `${rows.join('\n')}\n`]
    })
    .join('\n')

async function holdersOf(environment: Environment): Promise<CredentialHolders> {
  const config = parseConfig(environment)
  const told = await askRunningProcess(config.dataDir, ['holders'])
  return told === null
    ? withApplication(config, environment, (application) => application.holders())
    : (JSON.parse(told) as CredentialHolders) // the same application wrote it
}

export const supergraph: Command = {
  forms: ['supergraph diff OLD NEW [--markdown] [--holders]'],
  purpose:
    'Compares two supergraphs: what more callers may ask for, what fewer may, what is new and what is gone. ' +
    'With --holders also which roles and keys of this installation gain or lose by it. Ends with 1 when something became wider, or is new and open to everyone: a gate for a pull request.',
  async run(values, environment) {
    const [act, before, after, ...choices] = values
    const isKnown = act === 'diff' && choices.every((choice) => ['--markdown', '--holders'].includes(choice))
    if (!isKnown || before === undefined || after === undefined) throw misused(supergraph)
    const changes = compare(before, after)
    const holders = choices.includes('--holders') ? await holdersOf(environment) : null
    const row = (change: AccessChange) => `${words(change)}${reach(change, holders)}`
    const text = (choices.includes('--markdown') ? asMarkdown : asText)(changes, row)
    return { text: text || 'Nobody may ask for more or for less.', exitCode: changes.some(widens) ? 1 : 0 }
  },
}
