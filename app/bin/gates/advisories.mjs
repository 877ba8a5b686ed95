/** No package is older than the fix of a fault that is known of it. The list is kept here, so that it can be asked offline. */
import { readFileSync } from 'node:fs'
import semver from 'semver'
import { fetched, nameOf } from './lock-file.mjs'

export const advisories = JSON.parse(readFileSync(new URL('advisories.json', import.meta.url), 'utf8'))

/** `npm run audit` asks the registry for what became known since. */
export function knownFaults(lock, list = advisories) {
  return fetched(lock).flatMap(([path, { version }]) =>
    list
      .filter(({ package: name, vulnerable }) => name === nameOf(path) && semver.satisfies(version, vulnerable))
      .map(({ advisory }) => `${path} ${version} has a known fault: ${advisory}`),
  )
}
