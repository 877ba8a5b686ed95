/** `secrets rotate`: a new version, that makes what is new when every process has had the time to take it. */
import { minuteMs, parseDuration } from '@latchkey/clock'
import { type Rotation, rotateKeyringFile, secretKinds } from '@latchkey/secrets/file'
import { fault } from '../embedded/fault.ts'
import type { SecretsDependencies } from './counts.ts'
import { kindsIn, optionsIn } from './words.ts'

type FileTools = Pick<SecretsDependencies, 'keyringFile' | 'clock' | 'entropy' | 'kms'>

/** Long enough for a Secret of Kubernetes to reach every pod. */
const usualDelayMs = 5 * minuteMs

function delayIn(options: ReadonlyMap<string, string>): number {
  const text = options.get('--in')
  const delayMs = text === undefined ? usualDelayMs : parseDuration(text)
  if (delayMs === null) throw fault('--in takes a duration like 30s, 5m or 1h.')
  return delayMs
}

const added = ({ keyringFile, ...tools }: FileTools, rotation: Rotation) =>
  rotateKeyringFile(keyringFile(), rotation, tools).catch((thrown: Error) => {
    throw fault(`${thrown.message}. Nothing was rotated.`, thrown)
  })

/** Needs no store: the keyring is a file. */
export async function rotateSecrets(tools: FileTools, values: readonly string[]): Promise<string> {
  const { options, words } = optionsIn(values, ['--in'])
  if (words.length === 0) throw fault(`Say which: ${secretKinds.join(', ')}, or all.`)
  const now = tools.clock.now()
  const makesFrom = new Date(now.getTime() + delayIn(options))
  const kinds = kindsIn(words)
  const ids = await added(tools, { kinds, makesFrom, now })
  return (
    `${kinds.map((kind, at) => `${kind}/${ids[at]}`).join(', ')} added. From ${makesFrom.toISOString()} on ${ids.length === 1 ? 'it makes' : 'they make'} what is new; ` +
    'until then every process has to have the keyring: whoever reads this file takes it within a second, for others make their ' +
    'parts anew (keyring slice) and bring them there. Keep a copy of the file. Afterwards: secrets reencrypt, then secrets retire.'
  )
}
