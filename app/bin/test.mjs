/** `npm test [-- ARGS]`: prepares, finds a Redis, runs vitest with ARGS, and closes with what was counted. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ended, inRoot, passSignals, refusal, startNode } from './child.mjs'
import { ensureChromium } from './chromium.mjs'
import { ensureDeploymentPrograms } from './deployment-programs.mjs'
import { build, generate, install, launch } from './prepare.mjs'
import { ensurePromtool } from './promtool.mjs'
import { ensureRedis } from './redis.mjs'

await launch(async () => {
  await install()
  await generate()
  if (hasStories()) await build()
  if (!(await ensureRedis()) && process.env.CI === 'true')
    throw refusal('CI=true and no Redis: its tests would be skipped. Install redis-server or valkey-server first.')
  if (hasStories() && !(await ensureChromium()) && process.env.CI === 'true')
    throw refusal('CI=true and no Chromium: its stories would be skipped. Install chromium first.')
  if (!(await ensurePromtool()) && process.env.CI === 'true')
    throw refusal('CI=true and no promtool: the tests of alerts would be skipped. Install prometheus first.')
  if (!(await ensureDeploymentPrograms()) && process.env.CI === 'true')
    throw refusal('CI=true and no nginx or PgBouncer: the tests of a deployment would be skipped. Install them first.')
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  try {
    const code = await vitest(process.argv.slice(2), join(folder, 'count.json'))
    return close(code, countIn(join(folder, 'count.json')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

/** The browser is of use to the stories alone. */
function hasStories() {
  return !process.argv.join(' ').includes('--project unit')
}

function vitest(args, countFile) {
  const named = args.some((arg) => arg.startsWith('--reporter'))
  const reporters = [...(named ? [] : ['--reporter=default']), `--reporter=${inRoot('app', 'bin', 'count.mjs')}`]
  const child = startNode([inRoot('node_modules', 'vitest', 'vitest.mjs'), 'run', ...reporters, ...args], {
    LATCHKEY_TEST_COUNT: countFile,
  })
  passSignals(() => child)
  return ended(child)
}

/** A run that ended before it could count has failed as a whole. */
function countIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

function close(code, { passed, failed, skipped }) {
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  return code === 0 && failed > 0 ? 1 : code
}
