/** `secrets status`: every version of every secret, and what stands under it. */
import type { RowsOfVersion } from '@latchkey/secret-versions'
import { secretKinds, type VersionStanding, wrappingOf } from '@latchkey/secrets/file'
import { countOf, countsOf, type SecretsDependencies, standingsNow } from './counts.ts'

const stateOf: Readonly<Record<VersionStanding['state'], string>> = {
  makes: 'makes what is new',
  waits: 'waits',
  reads: 'reads',
}

const since = ({ state, makesFrom, replacedAt }: VersionStanding): string => {
  if (state === 'reads') return replacedAt ? `, replaced ${replacedAt.toISOString()}` : ''
  return makesFrom ? `, ${state === 'waits' ? 'makes from' : 'since'} ${makesFrom.toISOString()}` : ''
}

const linesOf = (id: string, standing: string, counts: readonly RowsOfVersion[]) => [
  `  ${id}: ${standing}`,
  ...counts.filter(({ version }) => version === id).map((count) => `    ${countOf(count)}`),
]

export async function status(dependencies: SecretsDependencies): Promise<string> {
  const standings = await standingsNow(dependencies)
  const all = await countsOf(dependencies)
  const wrapping = wrappingOf(dependencies.keyringFile())
  const kept = wrapping === null ? 'the keyring is a plain file' : `the keyring is wrapped (${wrapping})`
  const kinds = secretKinds
    .flatMap((kind) => {
      const counts = all.filter(({ purpose }) => purpose === kind)
      const held = standings(kind)
      const lacking = new Set(counts.map(({ version }) => version).filter((id) => held.every((one) => one.id !== id)))
      return [
        kind,
        ...held.flatMap((one) => linesOf(one.id, `${stateOf[one.state]}${since(one)}`, counts)),
        ...[...lacking].flatMap((id) => linesOf(id, 'NOT IN THE KEYRING', counts)),
      ]
    })
    .join('\n')
  return `${kept}\n${kinds}`
}
