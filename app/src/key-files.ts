/** Keys in files: archives and rows of any size, read and written as a stream; and the peppers they stand under. */
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { ApiKeysApplication, ImportCounts, ImportMode, RowReport } from '@latchkey/api-keys'
import { fault, systemCode } from './embedded/fault.ts'
import type { OperatorCommands, Say, TellingCommands } from './operator-socket.ts'

type Transfer = ApiKeysApplication['transfer']

const operator = { actorKind: 'operator', actorId: 'operator', requestId: 'operator' } as const

/** How many keys lie between two lines of progress. */
const toldEvery = 10_000
/** So many rows are told of; the counts say how many there are. */
const toldRowsMax = 200

const plural = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`

const cannot = (what: string, file: string) => (thrown: unknown) => {
  throw fault(`${file} cannot be ${what} (${systemCode(thrown) || (thrown as Error).message}).`, thrown)
}

/** Written aside and moved in place: a file of that name is whole. */
async function exportTo({ backup }: Transfer, say: Say, file: string): Promise<string> {
  const aside = `${file}.unfinished`
  const target = await open(file, 'wx', 0o600).catch(cannot('written; an existing file is never overwritten', file))
  await target.close()
  let told = 0
  let lines = 0
  try {
    const handle = await open(aside, 'w', 0o600)
    try {
      const write = async (text: string) => {
        await handle.appendFile(text)
        lines += text.split('\n').length - 1
        if (lines - told < toldEvery) return
        told = lines
        say(`${lines} keys so far`)
      }
      const { file: archive, keys } = await backup.exportKeys({ by: operator, ownerId: null, write })
      await handle.sync()
      await rename(aside, file)
      return `${plural(keys, 'key')} in ${file}, the archive ${archive}. Without the keyring it says nothing, and cannot be restored: keep a copy of both, apart.`
    } finally {
      await handle.close()
    }
  } catch (thrown) {
    await Promise.all([aside, file].map((path) => rm(path, { force: true })))
    throw thrown
  }
}

const sentenceOn = ({ ADDED, UPDATED, SAME, CONFLICT, REFUSED }: ImportCounts): string =>
  `${ADDED} added, ${UPDATED} updated, ${SAME} the same, ${CONFLICT} left as they are, ${REFUSED} refused.`

/** Tells of what did not go as it should, and now and then how far it has come. */
function createTeller(say: Say) {
  let [rows, told, spoken] = [0, 0, 0]
  return (reports: readonly RowReport[]) => {
    for (const { line, outcome, keyId, reason } of reports) {
      if (reason === null || spoken > toldRowsMax) continue
      spoken += 1
      if (spoken > toldRowsMax) say('… and more; only the counts from here on')
      else say(`line ${line} ${outcome}${keyId === null ? '' : ` ${keyId}`}: ${reason}`)
    }
    rows += reports.length
    if (rows - told < toldEvery) return
    told = rows
    say(`${rows} keys so far`)
  }
}

async function importFrom({ imports }: Transfer, say: Say, file: string, mode: ImportMode): Promise<string> {
  const handle = await open(file).catch(cannot('read', file))
  try {
    const input = createReadStream('', { fd: handle, autoClose: false })
    const { counts, kept } = await imports.importFrom(input, {
      mode,
      by: operator,
      bringer: 'operator',
      report: createTeller(say),
    })
    if (kept) return sentenceOn(counts)
    if (mode === 'DRY_RUN') return `Dry run, nothing was written: ${sentenceOn(counts)}`
    throw fault(`Nothing was written: ${sentenceOn(counts)}`)
  } finally {
    await handle.close()
  }
}

const verdictOn = { NEWEST: 'makes what is new', OLDER: 'older', LACKING: 'not in the keyring' } as const

async function peppersIn({ peppers }: Transfer, retired?: string): Promise<string> {
  const counts = await peppers.counts()
  if (retired !== undefined) return judgeRetirement(retired, await peppers.counts())
  return counts
    .map(({ pepperId, keys, lasting, state }) => {
      const name =
        pepperId === ''
          ? 'none yet, keys of other systems that wait for their first use'
          : `${pepperId}, ${verdictOn[state]}`
      return `${name}: ${plural(keys, 'key')}, of which ${lasting} may work yet`
    })
    .join('\n')
}

/** Whether a version may be taken out of the keyring: a key under a version that is gone never works again. */
function judgeRetirement(retired: string, counts: Awaited<ReturnType<Transfer['peppers']['counts']>>): string {
  const found = counts.find(({ pepperId }) => pepperId === retired)
  if (!found) return `No key stands under ${retired}, and the keyring does not hold it.`
  if (found.state === 'NEWEST') throw fault(`${retired} makes what is new. Put a newer version in front of it first.`)
  if (found.lasting > 0)
    throw fault(
      `${retired} is still needed by ${plural(found.lasting, 'key')}, which would never work again. Each moves to the newest with its next use; rotate or revoke those that nobody uses.`,
    )
  return `No key that could work needs ${retired}. Take it out of \`api-key\` in the keyring, and restart every process.`
}

export const importModes: Readonly<Record<string, ImportMode>> = {
  '--dry-run': 'DRY_RUN',
  '--skip-refused': 'APPLY_GOOD_ROWS',
  '': 'APPLY',
}

/** By the name under which a running process is asked. */
export const keyCommands = ({ transfer }: Pick<ApiKeysApplication, 'transfer'>): OperatorCommands => ({
  'api-keys peppers': (retired) => peppersIn(transfer, retired),
})

/** Those that take so long that they tell how far they have come. */
export const keyFileCommands = ({ transfer }: Pick<ApiKeysApplication, 'transfer'>): TellingCommands => ({
  'api-keys export': (say, file = '') => exportTo(transfer, say, file),
  'api-keys import': (say, file = '', option = '') => importFrom(transfer, say, file, importModes[option] ?? 'DRY_RUN'),
})
