/** What `npm run check` holds everything to, by name. It needs what is installed: import it after that. */
import { readFileSync } from 'node:fs'
import { fromSource, inRoot, run } from '../child.mjs'
import { deadPaths } from '../paths.mjs'
import { strayReferences, workspaces } from '../workspaces.mjs'
import { knownFaults } from './advisories.mjs'
import { leakedSecrets } from './leaked-secrets.mjs'
import { refusedLicences } from './licences.mjs'
import { lockFileFaults, looseVersions } from './lock-file.mjs'
import { costlyRegexes } from './regexes.mjs'
import { lockFile, manifests, tracked } from './sources.mjs'

const bin = (name) => inRoot('node_modules', name)
const node = (...args) => run(process.execPath, args)
const tsc = (folder) => node(bin('typescript/bin/tsc'), '-p', inRoot(folder, 'tsconfig.json'))
/** What version control ignores is not ours to judge. */
const ignored = ['--vcs-enabled=true', '--vcs-client-kind=git', '--vcs-use-ignore-file=true']
const drift = () => {
  const { scripts = {} } = JSON.parse(readFileSync(inRoot('prisma', 'package.json'), 'utf8'))
  if (!scripts.drift) return listed([])
  const command = ['npm', 'run', '--silent', 'drift', '--workspace', 'prisma']
  return node(...fromSource, inRoot('app/src/embedded/with-postgres.ts'), ...command)
}
/** What runs where strangers are: tests choose their own texts. */
const shipped = ['*/src/*.ts', '*/bin/*.mjs', ':!*.test.*', ':!e2e', ':!bench', ':!attack']
const listed = (mistakes) => ({ code: mistakes.length > 0 ? 1 : 0, output: mistakes.join('\n') })

export const gates = {
  'format and lint': () => node(bin('@biomejs/biome/bin/biome'), 'check', '--diagnostic-level=error', ...ignored, '.'),
  types: () => inPairs(workspaces(), tsc),
  'build references': () => listed(strayReferences()),
  'supergraph is fresh': () => node(...fromSource, inRoot('gateway/src/compose/compose.ts'), '--check'),
  'permission matrix is fresh': () => node(...fromSource, inRoot('app/src/matrix/main.ts'), '--check'),
  'migrations match the schema': drift,
  'nothing unused': () => node(bin('knip/bin/knip.js'), '--no-progress'),
  'paths in documents': () => listed(deadPaths()),
  'lock file': () => listed([...lockFileFaults(lockFile()), ...looseVersions(manifests())]),
  'known faults of packages': () => listed(knownFaults(lockFile())),
  licences: () => listed(refusedLicences(lockFile())),
  'no secret among the sources': () => listed(leakedSecrets(tracked('.', ':!package-lock.json'))),
  'regular expressions': () => listed(costlyRegexes(tracked(...shipped))),
}

/** Two at a time: one compiler does not fill two cores. */
async function inPairs(items, work) {
  const waiting = [...items]
  const failed = []
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      const { code, output } = await work(item)
      if (code !== 0) failed.push(output)
    }
  }
  await Promise.all([lane(), lane()])
  return listed(failed)
}
