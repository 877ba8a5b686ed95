/** What every command needs before it runs: the right Node, the packages of package-lock.json, a current build. */
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot, npm, refusal, root, run, say, seconds } from './child.mjs'
import { fingerprint, isFresh, markFresh } from './fingerprint.mjs'
import { isInstalled } from './installed.mjs'

// Plain JavaScript without a dependency: this runs before anything is installed, on any Node that reads modules.

/** The one line to show when this Node is too old, else `null`. */
export function nodeRefusal(version) {
  const [major, minor] = version.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return null
  return `Latchkey needs Node.js 20.19 or newer and this is ${version}. Install a current one from https://nodejs.org and run the same command again.`
}

/** Runs `main`, exits with the code it gives, and shows what it refuses in one line. */
export async function launch(main) {
  try {
    const old = nodeRefusal(process.versions.node)
    if (old) throw refusal(old)
    process.exit(await main())
  } catch (error) {
    if (!error.refusal) throw error
    if (error.output) say(error.output.trim().split('\n').slice(-30).join('\n'))
    say(`✗ ${error.refusal}`)
    process.exit(1)
  }
}

async function step(doing, done, work) {
  const startedMs = performance.now()
  say(`… ${doing}`)
  await work()
  say(`✓ ${done} ${seconds(startedMs)}`)
}

function mustWrite(folder, why) {
  try {
    accessSync(folder, constants.W_OK)
  } catch (error) {
    const reason = error.code === 'EROFS' ? 'is on a read-only file system' : 'is not writable for this user'
    throw refusal(`${folder} ${reason}, and ${why}. Give write permission on it, or start from a checkout of your own.`)
  }
}

/** `npm ci`, unless what is installed is what the lock file says. */
export async function install() {
  if (isInstalled(inRoot('package-lock.json'), inRoot('node_modules'))) return
  mustWrite(root, 'the packages have to be installed into it')
  await step('installing packages (once; up to a minute)', 'installed', async () => {
    const { env, dispose } = npmCache()
    const { code, output } = await npm(
      ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
      { env },
    ).finally(dispose)
    if (code !== 0) throw refusal(`npm ci failed: ${installRemedy(output)}`, withoutUsage(output))
  })
}

/** npm explains its own options when the lock file is stale; that hides what it said before. */
const withoutUsage = (output) => output.split(/^npm error (?:Clean install|Usage)/m)[0]

export function installRemedy(output) {
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ECONNRESET|EAI_AGAIN|network/i.test(output))
    return 'the package registry cannot be reached. Check the connection and `npm config get registry`, then run the same command again.'
  if (/ENOSPC/.test(output)) return 'the disk is full. Free about 700 MB, then run the same command again.'
  if (/EACCES|EPERM|EROFS/.test(output))
    return `a file cannot be written. Give this user write permission on ${root}, then run the same command again.`
  if (/EUSAGE|in sync/.test(output))
    return 'package.json and package-lock.json disagree. Run `npm install`, then the same command again.'
  if (/ENOENT/.test(output) && /npm/.test(output) && output.length < 200)
    return 'npm was not found beside this Node. Install npm, then run the same command again.'
  return 'see the lines above. `npm cache verify` and the same command again often help.'
}

/** npm's own cache when it can be written, else one for this once: a home folder may be missing or read-only. */
function npmCache() {
  const home = process.env.npm_config_cache || join(process.env.HOME || safeHome(), '.npm')
  try {
    accessSync(existsSync(home) ? home : join(home, '..'), constants.W_OK)
    return { env: {}, dispose: () => {} }
  } catch {
    const cache = mkdtempSync(join(tmpdir(), 'latchkey-npm-'))
    return { env: { npm_config_cache: cache }, dispose: () => rmSync(cache, { recursive: true, force: true }) }
  }
}

function safeHome() {
  try {
    return homedir()
  } catch {
    return '/nonexistent'
  }
}

/** Prisma's client, made from the schema files whenever they changed. */
export async function generate() {
  const { scripts = {} } = JSON.parse(readFileSync(inRoot('prisma', 'package.json'), 'utf8'))
  if (!scripts.generate) return
  const made = fingerprint(['schema', 'prisma.config.ts', 'package.json'].map((path) => inRoot('prisma', path)))
  const stamp = join(generatedFolder(), '.made-from')
  if (isFresh(stamp, made)) return
  mustWrite(inRoot('prisma'), 'the database client has to be generated into it')
  await step('generating the database client', 'generated', async () => {
    rmSync(stamp, { force: true })
    const { code, output } = await run('sh', ['-c', scripts.generate], { cwd: inRoot('prisma') })
    if (code !== 0) throw refusal('the database client could not be generated: see the lines above.', output)
    markFresh(stamp, made)
  })
}

function generatedFolder() {
  const schema = inRoot('prisma', 'schema')
  const output = /^\s*output\s*=\s*"([^"]+)"/m.exec(readFileSync(join(schema, 'base.prisma'), 'utf8'))
  return join(schema, output ? output[1] : '../generated')
}

// One incremental `tsc -b` over all workspaces takes a quarter of what `turbo run build` does: it starts one process, not two a workspace.
export async function build() {
  mustWrite(inRoot('app'), 'the build has to be written into it')
  const startedMs = performance.now()
  const { code, output } = await run(process.execPath, [
    inRoot('node_modules', 'typescript', 'bin', 'tsc'),
    '-b',
    'tsconfig.build.json',
  ])
  if (code !== 0) throw refusal('the build failed: see the lines above.', output)
  // Not before the packages are installed.
  const { bundle } = await import('./bundle.mjs')
  await bundle()
  say(`✓ built ${seconds(startedMs)}`)
}
