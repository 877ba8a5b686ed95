/** Whether node_modules holds what package-lock.json says. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages

/**
 * npm writes its own lock into node_modules as the last act of an install, so an interrupted one leaves none.
 * A package that belongs to another platform may be missing; nothing may differ.
 */
export function isInstalled(lockFile, modules) {
  const hidden = join(modules, '.package-lock.json')
  if (!existsSync(hidden)) return false
  const wanted = packagesOf(lockFile)
  const present = packagesOf(hidden)
  return Object.keys(wanted).every((path) => {
    const want = wanted[path]
    if (!path.includes('node_modules/')) return true
    const have = present[path]
    if (!have) return Boolean(want.optional || want.devOptional || want.peer)
    return have.version === want.version && have.integrity === want.integrity
  })
}
