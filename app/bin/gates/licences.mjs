/** Under which licences what we ship comes; `npm run licences` lists it. */
import { fetched, nameOf } from './lock-file.mjs'

/** They ask for their text to be kept, and for nothing of ours. */
const permissive = new Set([
  ...['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause'],
  ...['ISC', 'MIT', 'MIT-0', 'Unlicense', 'Zlib'],
])

/** Read one by one. */
const readOurselves = new Map([
  ['elkjs', 'EPL-2.0: within Prisma Studio, a part of the migration tool that no process of ours loads; unaltered'],
  ['seq-queue', 'its manifest says nothing; the LICENSE file in it is MIT'],
])

/** Both of two joined by AND, either of two joined by OR. */
function isPermissive(expression) {
  const plain = expression.replace(/^\((.*)\)$/, '$1')
  const either = plain.split(/ or /i)
  if (either.length > 1) return either.some(isPermissive)
  const both = plain.split(/ and /i)
  return both.length > 1 ? both.every(isPermissive) : permissive.has(plain)
}

/** What is installed for production: `{ name, version, licence }`, each once, by name. */
export function licencesOf(lock) {
  const shipped = fetched(lock).filter(([, { dev }]) => !dev)
  const lines = shipped.map(([path, { version, license }]) => [nameOf(path), version, license ?? 'not said'])
  const once = new Map(lines.map(([name, version, licence]) => [`${name}@${version}`, { name, version, licence }]))
  return [...once.keys()].sort().map((key) => once.get(key))
}

export const refusedLicences = (lock) =>
  licencesOf(lock)
    .filter(({ name, licence }) => !isPermissive(licence) && !readOurselves.has(name))
    .map(({ name, version, licence }) => `${name} ${version} comes under ${licence}: read it, or do without`)

export const licenceLine = ({ name, version, licence }) => {
  const remark = readOurselves.get(name)
  return `${licence.padEnd(24)} ${name} ${version}${remark === undefined ? '' : `  (${remark})`}`
}
