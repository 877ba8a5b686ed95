/**
 * The bill of materials of what is shipped, in CycloneDX. From the lock file itself: `npm sbom --omit=dev` leaves out what one
 * workspace ships and another one only tests with, argon2 among it.
 */
import { posix } from 'node:path'
import { fetched, nameOf } from './lock-file.mjs'

const purlOf = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`

const licences = (said) => {
  if (said === undefined) return []
  if (/ (?:AND|OR) /.test(said)) return [{ expression: said }]
  return [{ license: /^[\w.+-]+$/.test(said) ? { id: said } : { name: said } }]
}

function componentOf([path, { version, license, integrity }]) {
  const name = nameOf(path)
  const digest = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
  const purl = purlOf(name, version)
  return {
    type: 'library',
    'bom-ref': purl,
    ...{ name, version, purl },
    hashes: [{ alg: 'SHA-512', content: digest }],
    licenses: licences(license),
  }
}

/** Where Node finds `name` from `path`: in the nearest node_modules that has it. */
function found(packages, path, name) {
  for (let folder = path; ; folder = posix.dirname(folder)) {
    const place = folder === '.' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    if (packages[place] || folder === '.') return packages[place] && place
  }
}

const dependsOn = (packages, path, { dependencies = {}, optionalDependencies = {}, peerDependencies = {} }) =>
  Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
    .map((name) => found(packages, path, name))
    .filter((place) => place && !packages[place].dev && !packages[place].link)
    .map((place) => purlOf(nameOf(place), packages[place].version))

export function billOfMaterials({ packages }) {
  const { name, version } = packages['']
  const shipped = fetched({ packages }).filter(([, { dev }]) => !dev)
  const needs = new Map()
  for (const [path, entry] of shipped) {
    const ref = purlOf(nameOf(path), entry.version)
    needs.set(ref, new Set([...(needs.get(ref) ?? []), ...dependsOn(packages, path, entry)]))
  }
  const components = new Map(shipped.map(componentOf).map((component) => [component.purl, component]))
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': purlOf(name, version), name, version } },
    components: [...components.values()],
    dependencies: [...needs].map(([ref, refs]) => ({ ref, dependsOn: [...refs] })),
  }
}
