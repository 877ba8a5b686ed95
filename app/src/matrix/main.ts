/** `npm run matrix [-- --check] [--config FILE] [--output FOLDER]`: writes the permission matrix, or says how it changed. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock as clock } from '@latchkey/clock'
import { compare, linesOf } from './changes.ts'
import { type Differing, differencesIn } from './disagreements.ts'
import { jsonOf, type Kept, keptOf, markdownOf } from './document.ts'
import { loadGraphs } from './load.ts'
import { type Matrix, makeMatrix } from './matrix.ts'

interface Report {
  readonly exitCode: 0 | 1
  readonly lines: readonly string[]
}

const { values } = parseArgs({
  options: { check: { type: 'boolean' }, config: { type: 'string' }, output: { type: 'string' } },
})
const { config = 'supergraph.yaml', output = 'docs/security' } = values
const files = { json: join(output, 'permission-matrix.json'), markdown: join(output, 'permission-matrix.md') }

async function run(): Promise<Report> {
  const { supergraphSdl, subgraphs } = await loadGraphs(config)
  const matrix = await makeMatrix(supergraphSdl, subgraphs, clock)
  const differing = await differencesIn(matrix, clock)
  const faults = faultsOf(matrix, differing)
  if (faults.length > 0) return { exitCode: 1, lines: faults }
  const kept = keptOf(matrix)
  const texts = { json: jsonOf(kept), markdown: markdownOf(matrix, differing) }
  const changed = changedSince(kept)
  if (values.check !== true) return write(texts, [countOf(matrix), ...changed])
  const isFresh = textOf(files.json) === texts.json && textOf(files.markdown) === texts.markdown
  if (isFresh) return { exitCode: 0, lines: [`${files.json} is fresh: ${countOf(matrix)}`] }
  const accept =
    'If this is meant, accept it: run `npm run matrix` and commit what it writes with the change that makes it so.'
  return { exitCode: 1, lines: [`${files.json} does not say what the schemas and rules say.`, ...changed, accept] }
}

/** What no commit of the file can accept. */
const faultsOf = ({ uncovered }: Matrix, differing: readonly Differing[]): string[] => [
  ...uncovered,
  ...differing
    .filter(({ difference }) => difference === 'disagreement')
    .map(
      (each) =>
        `${each.coordinate} by ${each.class}: the gateway says ${each.gateway}, ${each.subgraph} ${each.behind}`,
    ),
]

const countOf = ({ rows, callers, services, behind }: Matrix): string => {
  const past = [...behind.values()].reduce((sum, own) => sum + own.length, 0)
  const everyone = callers.length + services.length
  const cells = rows.length * callers.length + past * everyone
  return `${rows.length} coordinates × ${callers.length} classes at the gateway, ${past} × ${everyone} past it: ${cells} cells`
}

const textOf = (file: string): string | null => (existsSync(file) ? readFileSync(file, 'utf8') : null)

function changedSince(after: Kept): readonly string[] {
  const text = textOf(files.json)
  if (text === null) return [`${files.json} is not there yet.`]
  const { wider, narrower } = compare(JSON.parse(text) as Kept, after) // nobody else writes the file
  return [...linesOf(wider).map((line) => `wider     ${line}`), ...linesOf(narrower).map((line) => `narrower  ${line}`)]
}

function write(texts: { readonly json: string; readonly markdown: string }, lines: readonly string[]): Report {
  mkdirSync(output, { recursive: true })
  writeFileSync(files.json, texts.json)
  writeFileSync(files.markdown, texts.markdown)
  return { exitCode: 0, lines: [...lines, `${files.json} and ${files.markdown} written`] }
}

try {
  const { exitCode, lines } = await run()
  for (const line of lines) (exitCode === 0 ? console.log : console.error)(line)
  process.exitCode = exitCode
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : String(thrown))
  process.exitCode = 1
}
