/** A Prometheus of the bench's own, that reads one process every second. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Line } from './picture.ts'

export interface Prometheus {
  /** What an expression was, second by second; `named` makes of the labels of a line its name. */
  range(expression: string, span: Range, named: (labels: Labels) => string): Promise<readonly Line[]>
  stop(): Promise<void>
}

export interface Range {
  readonly fromSeconds: number
  readonly toSeconds: number
}

export type Labels = Readonly<Record<string, string>>

/** Where promtool was taken out of the system's package, the server is, too. */
const unpacked = fileURLToPath(new URL('../../../node_modules/.cache/promtool/usr/bin/prometheus', import.meta.url))

const configurationOf = (target: string) => `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: latchkey
    static_configs: [{ targets: ['${target}'] }]
`

interface Answer {
  readonly data: {
    readonly result: readonly { readonly metric: Labels; readonly values: readonly [number, string][] }[]
  }
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 100) {
    if (child.exitCode !== null) throw new Error(`Prometheus ended with exit code ${child.exitCode}`)
    if ((await fetch(`${url}/-/ready`).catch(() => null))?.ok) return
    await pause(100)
  }
  throw new Error('Prometheus did not become ready')
}

/** `target` is a host and a port that answer `/metrics`. */
export async function startPrometheus(target: string, port: number): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-prometheus-'))
  const configuration = join(folder, 'prometheus.yml')
  writeFileSync(configuration, configurationOf(target))
  const options = [
    `--config.file=${configuration}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]
  const child = spawn(existsSync(unpacked) ? unpacked : 'prometheus', options, {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  await untilReady(url, child)
  return {
    async range(query, { fromSeconds, toSeconds }, named) {
      const search = new URLSearchParams({ query, start: `${fromSeconds}`, end: `${toSeconds}`, step: '1' })
      const answer = await fetch(`${url}/api/v1/query_range?${search}`)
      if (!answer.ok) throw new Error(`${query}: ${await answer.text()}`)
      const { data } = (await answer.json()) as Answer
      return data.result.map(({ metric, values }) => ({
        name: named(metric),
        points: values
          .map(([atSeconds, value]) => ({ atSeconds, value: Number(value) }))
          .filter(({ value }) => Number.isFinite(value)),
      }))
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
