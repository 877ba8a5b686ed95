/** A fingerprint of files, and the stamp that says what was last made from them. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

function filesOf(path) {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(join(path, name)))
}

/** Changes when a file under `paths` is added, removed, moved or edited. */
export function fingerprint(paths) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap(filesOf)) {
    const content = readFileSync(file)
    hash.update(`${file}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

export const isFresh = (stamp, made) => existsSync(stamp) && readFileSync(stamp, 'utf8') === made

export function markFresh(stamp, made) {
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, made)
}
