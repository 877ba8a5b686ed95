import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const committed = (name: string) => readFileSync(join(root, 'docs/security', name), 'utf8')

/** As `npm run check` runs it, over these files. */
async function check(folder: string) {
  const options = ['--conditions=@latchkey/source', '--import', 'tsx']
  const args = [join(root, 'app/src/matrix/main.ts'), '--check', '--output', folder]
  const child = spawn(process.execPath, [...options, ...args], { cwd: root })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
  const [exitCode] = await once(child, 'close')
  return { exitCode, said }
}

it('fails when more is let through than was accepted, names the cells, and says how to accept them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-matrix-'))
  try {
    writeFileSync(join(folder, 'permission-matrix.md'), committed('permission-matrix.md'))
    const accepted = committed('permission-matrix.json').replace(
      /("User\.email": .*"reading key":)"own"/,
      '$1"forbidden"',
    )
    writeFileSync(join(folder, 'permission-matrix.json'), accepted)
    const { exitCode, said } = await check(folder)
    expect(exitCode).toBe(1)
    expect(said).toContain('wider     User.email: reading key forbidden → own\n')
    expect(said).not.toContain('narrower')
    expect(said).toContain('run `npm run matrix` and commit what it writes')
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 120_000)
