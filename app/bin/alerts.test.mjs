import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { inRoot } from './child.mjs'
import { promtool } from './promtool.mjs'

const folder = inRoot('deploy', 'observability')
const textOf = (name) => readFileSync(join(folder, name), 'utf8')
const rules = parse(textOf('alerts.yml')).groups.flatMap(({ rules }) => rules)
const dashboard = JSON.parse(textOf('grafana/latchkey.json'))
const panels = dashboard.panels.filter(({ type }) => type !== 'row')
const questions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
const scenarios = parse(textOf('alerts.test.yml')).tests

describe.skipIf(!promtool())('promtool', () => {
  // It keeps a database a scenario, and waits for the disk each time unless that is memory.
  const env = { ...process.env, TMPDIR: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() }
  const told = async (...args) => {
    const running = promisify(execFile)(promtool(), args, { cwd: folder, env })
    const { stdout, stderr } = await running.catch((failed) => failed)
    return stdout + stderr
  }

  it('finds that each alert fires on its scenario, and no other does', async () => {
    expect(await told('test', 'rules', 'alerts.test.yml')).toMatch(/^Unit Testing: {2}alerts.test.yml\n {2}SUCCESS\s*$/)
  }, 300_000)

  it('finds nothing wrong with the configuration of Prometheus and its rules', async () => {
    const checked = await told('check', 'config', 'prometheus.yml')
    expect(checked).toContain('prometheus.yml is valid')
    expect(checked).toContain(`SUCCESS: ${rules.length} rules found`)
    expect(checked).not.toContain('FAILED')
  })

  it('understands every question of the dashboard', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'latchkey-dashboard-')), 'questions.yml')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    const asRules = questions.map((expr, at) => ({ record: `q${at}`, expr: expr.replaceAll('$__rate_interval', '1m') }))
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: asRules }] }))
    expect(await told('check', 'rules', file)).toContain(`SUCCESS: ${questions.length} rules found`)
  })
})

/** Every metric that is declared anywhere, and the beginnings of prom-client's own. */
const declared = () => {
  const files = ['packages', 'subgraphs', 'gateway', 'prisma', 'app'].flatMap((room) =>
    readdirSync(inRoot(room), { recursive: true })
      .filter((path) => /(?:^|\/)src\/.*(?<!\.test)\.ts$/.test(path) && !/node_modules|generated/.test(path))
      .map((path) => readFileSync(inRoot(room, path), 'utf8')),
  )
  const named = /(?:countOf|timingOf|gaugeOf|gaugesOf)\(\s*'(latchkey_\w+)'/g
  return new Set(files.flatMap((text) => [...text.matchAll(named)].map(([, name]) => name)))
}
const namesIn = (text) => new Set([...text.matchAll(/\blatchkey_[a-z_]+[a-z]\b/g)].map(([name]) => name))
const isOwn = (name) => !/^latchkey_(?:nodejs|process|users|sessions|api)/.test(name)

describe('metrics', () => {
  const known = declared()
  it('that alerts, runbooks and the dashboard name exist', () => {
    const runbook = readFileSync(inRoot('docs', 'operating', 'runbooks', 'README.md'), 'utf8')
    const texts = [textOf('alerts.yml'), textOf('alerts.test.yml'), runbook, ...questions]
    const asked = [...namesIn(texts.join('\n'))].filter(isOwn)
    expect(asked.length).toBeGreaterThan(15)
    expect(asked.filter((name) => !known.has(name.replace(/_bucket$/, '')))).toEqual([])
  })

  it('are on their page, each and no other', () => {
    const page = namesIn(readFileSync(inRoot('docs', 'operating', 'metrics.md'), 'utf8'))
    expect([...page].filter(isOwn).sort()).toEqual([...known].sort())
  })
})

describe('the dashboard', () => {
  it('has panels that do not lie upon each other, each with a title and a unit', () => {
    const taken = new Set()
    for (const { title, fieldConfig, gridPos, datasource } of panels) {
      expect(title).toMatch(/\w/)
      expect(fieldConfig.defaults.unit, title).toMatch(/\w/)
      expect(datasource.uid).toBe(parse(textOf('grafana/datasources.yml')).datasources[0].uid)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(x).toBeLessThan(24)
          expect(taken.has(`${x} ${y}`), title).toBe(false)
          taken.add(`${x} ${y}`)
        }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  })
})

describe('the alerts', () => {
  it('are at least twelve, each with how urgent it is, what a person reads, and what they do then', () => {
    expect(rules.length).toBeGreaterThanOrEqual(12)
    const runbook = readFileSync(inRoot('docs', 'operating', 'runbooks', 'README.md'), 'utf8')
    for (const { alert, labels, annotations } of rules) {
      expect(['critical', 'warning'], alert).toContain(labels.severity)
      expect(annotations.summary, alert).toMatch(/\w/)
      expect(annotations.runbook_url).toBe(`docs/operating/runbooks/README.md#${alert.toLowerCase()}`)
      expect(runbook).toMatch(new RegExp(`^## ${alert}$`, 'm'))
    }
  })

  it('have a scenario each, and there are days on which none fires', () => {
    const fired = scenarios.map(({ promql_expr_test: tests = [] }) =>
      tests.flatMap(({ exp_samples: samples }) => samples.map(({ labels }) => /"(\w+)"/.exec(labels)[1])),
    )
    expect(new Set(fired.flat())).toEqual(new Set(rules.map(({ alert }) => alert)))
    expect(fired.filter((names) => names.length === 0).length).toBeGreaterThanOrEqual(5)
  })
})
