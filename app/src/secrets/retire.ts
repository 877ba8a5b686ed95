/** `secrets retire`: versions go that nothing needs any more. */
import { dayMs, minuteMs } from '@latchkey/clock'
import type { RowsOfVersion } from '@latchkey/secret-versions'
import { purposes } from '@latchkey/secrets'
import { retireInKeyringFile, type SecretKind, type VersionStanding } from '@latchkey/secrets/file'
import { fault } from '../embedded/fault.ts'
import { countOf, countsOf, type SecretsDependencies, standingsNow } from './counts.ts'
import { kindsIn, optionsIn, plural } from './words.ts'

const byBulk = 'run secrets reencrypt'
const remedies: Readonly<Record<SecretKind, string>> = {
  data: byBulk,
  'blind-index': byBulk,
  'signing-key': byBulk,
  password: 'each moves when somebody signs in with it',
  'api-key': 'each moves with its next use; rotate or revoke those that nobody uses',
  'one-time-token': 'what was mailed ends by itself; recovery codes are used up or made anew by their owners',
  'refresh-token': 'wait',
  identifier: 'attempts to sign in are found by it for the 90 days that they are kept',
  services: 'wait',
}

/** For how long something may come back from outside that only the version reads. */
function outsideMs(kind: SecretKind, { sessionLifetimeMs }: SecretsDependencies): number {
  if (kind === 'refresh-token') return sessionLifetimeMs
  // The token by which an account knows a device again.
  if (kind === 'identifier') return 180 * dayMs
  // Sign-ins that are half done, and places in lists; envelopes; and processes that took the newer version late.
  return kind === 'data' ? 15 * minuteMs : minuteMs
}

/** Why a version may not go yet; `null`: it may. */
function hindranceOf(dependencies: SecretsDependencies, { kind, standing, counts, options }: Retiring): string | null {
  const { id, replacedAt } = standing
  const needing = counts.filter(({ purpose, version, needed }) => purpose === kind && version === id && needed > 0)
  if (needing.length > 0 && !options.has('--although-needed'))
    return `${kind}/${id} is still needed: ${needing.map(countOf).join('; ')}. ${remedies[kind]}.`
  if (options.has('--now')) return null
  if (!replacedAt) return `Nobody wrote down since when ${kind}/${id} is replaced; --now says that it is long enough.`
  const overAt = new Date(replacedAt.getTime() + outsideMs(kind, dependencies))
  if (dependencies.clock.now() >= overAt) return null
  return `What ${kind}/${id} made may come back until ${overAt.toISOString()}; wait, or say --now.`
}

async function purgeAll({ holders }: SecretsDependencies, kind: SecretKind, id: string): Promise<number> {
  const purpose = purposes.find((one) => one === kind)
  let removed = 0
  if (purpose) for (const { secretVersions } of holders) removed += await secretVersions.purge(purpose, id)
  return removed
}

const gone = (removed: number) => (removed > 0 ? ` ${plural(removed, 'row')} that nothing needs went with it.` : '')

interface Retiring {
  readonly kind: SecretKind
  readonly standing: VersionStanding
  readonly counts: readonly RowsOfVersion[]
  readonly options: ReadonlyMap<string, string>
}

/** Takes it out, or says why not. */
async function retireOne(dependencies: SecretsDependencies, retiring: Retiring) {
  const { keyringFile, clock, entropy, kms } = dependencies
  const { kind, standing } = retiring
  const { id } = standing
  const hindrance = standing.state === 'reads' ? hindranceOf(dependencies, retiring) : null
  if (hindrance) return { outcome: 'kept', says: hindrance }
  try {
    await retireInKeyringFile(keyringFile(), { kind, id, now: clock.now() }, { entropy, kms })
  } catch (thrown) {
    return { outcome: 'kept', says: `${(thrown as Error).message}.` }
  }
  const removed = await purgeAll(dependencies, kind, id)
  return { outcome: 'retired', says: `${kind}/${id} is out of the keyring.${gone(removed)}` }
}

const afterwards =
  'Bring the parts of the services where they are read. Backups of before need the keyring of their day.'

export async function retire(dependencies: SecretsDependencies, values: readonly string[]): Promise<string> {
  const { options, words } = optionsIn(values, [])
  const [word, id] = words
  if (!word || (word === 'all' && id))
    throw fault('Say which: secrets retire KIND VERSION, or all that may go: secrets retire all.')
  const standingsOf = await standingsNow(dependencies)
  const counts = await countsOf(dependencies)
  const wanted = kindsIn([word]).flatMap((kind) =>
    standingsOf(kind)
      .filter((standing) => (id ? standing.id === id : standing.state === 'reads'))
      .map((standing) => ({ kind, standing, counts, options })),
  )
  if (id && wanted.length === 0) {
    const [kind = 'data'] = kindsIn([word])
    return `The keyring does not hold ${kind}/${id}.${gone(await purgeAll(dependencies, kind, id))}`
  }
  const told = []
  for (const one of wanted) told.push(await retireOne(dependencies, one))
  const text = told.map(({ says }) => says).join('\n')
  if (told.every(({ outcome }) => outcome === 'kept')) throw fault(text || 'No version may go: each makes what is new.')
  return `${text}\n${afterwards}`
}
