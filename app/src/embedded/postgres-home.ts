/** Whose the embedded Postgres is and where it lives: a server that refuses to run as root, in a folder that root may have made. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { makePrivate } from './data-folder.ts'
import { fault, systemCode } from './fault.ts'
import { isReachable, sharedFolder } from './postgres-binaries.ts'
import type { RunAs } from './processes.ts'

export interface PostgresHome {
  readonly path: string
  /** Where a copy of the programs goes when node_modules will not do. */
  readonly binaries: string
  readonly runAs: RunAs
}

// The major version is in the name: a newer server does not read an older one's files.
export const clusterOf = ({ path }: PostgresHome): string => join(path, 'cluster-18')

const nobody = 65534

/** Makes the folder, private to whoever the server runs as: us, or `nobody` (or its previous owner) when we are root. */
export function postgresHome(folder: string): PostgresHome {
  if (process.getuid?.() !== 0) {
    makePrivate(folder)
    return { path: folder, binaries: folder, runAs: {} }
  }
  try {
    const path = homeOfOther(folder)
    const { uid } = statSync(path)
    const owner = uid === 0 ? nobody : uid
    chownSync(path, owner, owner)
    chmodSync(path, 0o700)
    return { path, binaries: sharedFolder, runAs: { uid: owner, gid: owner } }
  } catch (thrown) {
    throw fault(
      `The embedded Postgres cannot have ${folder} as its own (${systemCode(thrown) || thrown}). Set LATCHKEY_DATA_DIR to a folder on a local disk, or start as an ordinary user.`,
      thrown,
    )
  }
}

/**
 * A folder that another user can get to. Below one that only root may enter, such as /root, there is none:
 * the data then lives in /var/lib/latchkey, and `folder` is a link to it.
 */
function homeOfOther(folder: string): string {
  if (existsSync(folder)) return realpathSync(folder)
  const above = dirname(folder)
  mkdirSync(above, { recursive: true, mode: 0o700 })
  if (isReachable(above)) {
    chmodSync(above, 0o711)
    mkdirSync(folder, { mode: 0o700 })
    return folder
  }
  mkdirSync(sharedFolder, { recursive: true, mode: 0o755 })
  const elsewhere = mkdtempSync(join(sharedFolder, 'data-'))
  if (!lstatSync(folder, { throwIfNoEntry: false })) symlinkSync(elsewhere, folder)
  return elsewhere
}

/** A file that only the server's user may read. */
export function writeOwned(file: string, content: string, { uid, gid }: RunAs): void {
  writeFileSync(file, content, { mode: 0o600 })
  if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid)
}
