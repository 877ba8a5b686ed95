/** Makes one file of each program and all that it imports: a process that reads one file starts in a quarter of the time. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { inRoot } from './child.mjs'
import { fingerprint, isFresh, markFresh } from './fingerprint.mjs'
import { compiled, programs } from './programs.mjs'

// Native code is loaded from where it is installed. Nobody has `pg-native`, which pg asks for in vain.
const external = ['argon2', '@node-rs/bcrypt', 'pg-native']

/** CommonJS that became part of a module still asks for what only CommonJS is given. */
const commonJs = `import { createRequire as requireFor } from 'node:module'
const require = requireFor(import.meta.url), { filename: __filename, dirname: __dirname } = import.meta
`

/** A file that finds others by where it stands goes on finding them: its address is counted from that of the bundle. */
const addresses = {
  name: 'addresses',
  setup(bundler) {
    bundler.onLoad({ filter: /\/dist\/.*\.js$/ }, ({ path }) => {
      if (path.includes('/node_modules/')) return
      const source = readFileSync(path, 'utf8')
      if (!source.includes('import.meta.url')) return
      const address = `new URL(${JSON.stringify(relative(inRoot('dist'), path))}, import.meta.url).href`
      const contents = source
        // A package that must be loaded as CommonJS becomes part of the bundle, too.
        .replace(/createRequire\(import\.meta\.url\)\((['"][^'"]+['"])\)/g, 'require($1)')
        .replaceAll('import.meta.url', address)
      return { contents, loader: 'js', resolveDir: dirname(path) }
    })
  },
}

const workspacesWithCode = ['packages', 'subgraphs', 'examples']
const builds = () => [
  ...workspacesWithCode.flatMap((group) => readdirSync(inRoot(group)).map((name) => inRoot(group, name, 'dist'))),
  ...['gateway', 'app', 'prisma'].map((name) => inRoot(name, 'dist')),
]

/** `true` when something was to do. */
export async function bundle() {
  const stamp = inRoot('dist', '.made-from')
  const made = fingerprint([
    ...builds(),
    inRoot('package-lock.json'),
    inRoot('app', 'bin', 'programs.json'),
    fileURLToPath(import.meta.url),
  ])
  if (isFresh(stamp, made)) return false
  rmSync(stamp, { force: true })
  const { outputFiles } = await build({
    entryPoints: Object.entries(programs).map(([name, source]) => ({ in: inRoot(compiled(source)), out: name })),
    ...{ bundle: true, write: false, outdir: inRoot('dist'), outExtension: { '.js': '.mjs' }, logLevel: 'warning' },
    ...{ platform: 'node', format: 'esm', target: 'node20', external, plugins: [addresses], banner: { js: commonJs } },
    ...{ minifyWhitespace: true, lineLimit: 160, legalComments: 'eof' },
  })
  mkdirSync(inRoot('dist'), { recursive: true })
  for (const { path, text } of outputFiles) replace(path, inAscii(text))
  markFresh(stamp, made)
  return true
}

/**
 * One character that is not ASCII makes two bytes of every one, in the memory of each process. Strings are escaped already; what is
 * left stands in regular expressions.
 */
const inAscii = (text) =>
  text.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Whoever starts it meanwhile reads the whole of one or the other. */
function replace(path, contents) {
  const beside = inRoot('dist', `.${basename(path)}.${process.pid}`)
  writeFileSync(beside, contents)
  renameSync(beside, path)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle()
