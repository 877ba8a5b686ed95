/** `secrets rotate … --rehearse`: whether a rotation at this moment would break anybody. Changes nothing. */
import { forgottenAfterMs, type KeyringRoll, type RollEntry } from '@latchkey/principal/keyring-roll'
import { purposes } from '@latchkey/secrets'
import type { SecretKind, VersionStanding } from '@latchkey/secrets/file'
import { fault } from '../embedded/fault.ts'
import { countsOf, type SecretsDependencies, standingsNow } from './counts.ts'
import { kindsIn, optionsIn, plural } from './words.ts'

type Standings = (kind: SecretKind) => readonly VersionStanding[]

const namesOf = (kind: SecretKind, ids: readonly string[]) => ids.map((id) => `${kind}/${id}`).join(', ')

/** What a process uses and does not know yet: it does not follow this file, or its part was not made anew. */
function lackedBy({ service, process, versions }: RollEntry, kind: SecretKind, standings: Standings): string[] {
  const held = versions[kind]
  if (!held) return []
  const lacked = standings(kind).flatMap(({ id }) => (held.includes(id) ? [] : [id]))
  return lacked.length > 0 ? [`${service} (${process}) does not know ${namesOf(kind, lacked)}`] : []
}

const waitingIn = (kind: SecretKind, standings: Standings) =>
  standings(kind).flatMap(({ id, state }) => (state === 'waits' ? [`${kind}/${id} waits already`] : []))

async function rowsAgainst(dependencies: SecretsDependencies, kind: SecretKind, standings: Standings) {
  const purpose = purposes.find((one) => one === kind)
  if (!purpose) return { opened: 0, against: [] }
  let opened = 0
  const against: string[] = []
  for (const { secretVersions } of dependencies.holders) {
    const found = await secretVersions.tryOpening(purpose)
    opened += found.opened
    against.push(...found.closed)
  }
  const held = new Set(standings(kind).map(({ id }) => id))
  const orphaned = (await countsOf(dependencies)).filter(
    (count) => count.purpose === kind && count.needed > 0 && !held.has(count.version),
  )
  against.push(
    ...orphaned.map(
      (count) =>
        `${plural(count.needed, 'row')} of ${count.column} need ${kind}/${count.version}, which is not in the keyring`,
    ),
  )
  return { opened, against }
}

export async function rehearse(dependencies: SecretsDependencies, values: readonly string[]): Promise<string> {
  const { words } = optionsIn(values, ['--in'])
  const now = dependencies.clock.now()
  const standings = await standingsNow(dependencies)
  const processes = await entriesOf(dependencies.roll, now)
  const told: string[] = []
  const against: string[] = []
  for (const kind of kindsIn(words)) {
    const rows = await rowsAgainst(dependencies, kind, standings)
    against.push(...waitingIn(kind, standings), ...rows.against)
    against.push(...processes.flatMap((entry) => lackedBy(entry, kind, standings)))
    told.push(`${kind}: ${plural(rows.opened, 'sealed row')} opened`)
  }
  const heard =
    processes.length > 0 ? `${processes.length} processes heard` : 'no process tells of itself: there is no Redis'
  if (against.length > 0) throw fault(`A rotation now would break something:\n${against.join('\n')}`)
  return `A rotation now would break nobody; nothing was changed (${heard}).\n${told.join('\n')}`
}

const entriesOf = async (roll: KeyringRoll | null, now: Date): Promise<readonly RollEntry[]> =>
  roll ? roll.readSince(now.getTime() - forgottenAfterMs) : []
