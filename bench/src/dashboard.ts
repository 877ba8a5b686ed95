/** The dashboard as it looks over a system at work: its own panels and questions, asked of a real Prometheus, as a picture. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type DrawnPanel, pictureOf } from './dashboard/picture.ts'
import { type Labels, type Prometheus, type Range, startPrometheus } from './dashboard/prometheus.ts'
import { type Caller, freePort, password, startSystem } from './system.ts'

interface Panel {
  readonly type: string
  readonly title: string
  readonly gridPos: DrawnPanel['place']
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const inRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const picture = 'docs/operating/dashboard.svg'
/** As Grafana would choose it: some scrapes long. */
const rateInterval = '10s'

const panelsOfDashboard = (): readonly Panel[] =>
  (JSON.parse(readFileSync(inRoot('deploy/observability/grafana/latchkey.json'), 'utf8')) as { panels: Panel[] }).panels

const named = (format: string) => (labels: Labels) =>
  format.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '')

async function drawn({ title, gridPos, fieldConfig, targets = [] }: Panel, prometheus: Prometheus, span: Range) {
  const answers = targets.map(({ expr, legendFormat }) =>
    prometheus.range(expr.replaceAll('$__rate_interval', rateInterval), span, named(legendFormat)),
  )
  const lines = (await Promise.all(answers)).flat().filter(({ points }) => points.length > 0)
  return { title, place: gridPos, unit: fieldConfig?.defaults.unit ?? 'short', lines }
}

interface Work {
  readonly operationName: string
  readonly query: string
  readonly variables?: object
  readonly headers?: (caller: Caller) => Record<string, string>
}

const asUser = ({ accessToken }: Caller) => ({ authorization: `Bearer ${accessToken}` })
const signIn = 'mutation SignIn($input: SignInInput!) { signIn(input: $input) { __typename } }'
const inputOf = (number: number, typed: string) => ({
  input: { email: `caller${number}@example.com`, password: typed },
})

/** What people and programs do in some proportion, wrong passwords and fields that are not theirs among it. */
const works: readonly Work[] = [
  ...Array.from({ length: 6 }, () => ({
    operationName: 'Overview',
    query: 'query Overview { me { email sessions { device } apiKeys { name scopes } } }',
    headers: asUser,
  })),
  ...Array.from({ length: 4 }, () => ({
    operationName: 'WhoAmI',
    query: 'query WhoAmI { me { id email } }',
    headers: ({ apiKey }: Caller) => ({ 'x-api-key': apiKey }),
  })),
  { operationName: 'WhoAmI', query: 'query WhoAmI { me { id } }', headers: () => ({ 'x-api-key': 'lk_test_wrong' }) },
  { operationName: 'People', query: 'query People { users(first: 5) { edges { node { id } } } }', headers: asUser },
  { operationName: 'SignIn', query: signIn, variables: inputOf(1, password) },
  { operationName: 'SignIn', query: signIn, variables: inputOf(2, 'a wrong password, and long enough') },
  {
    operationName: 'NewKey',
    query: 'mutation NewKey($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }',
    variables: { input: { name: 'drawn', scopes: ['profile:read'] } },
    headers: asUser,
  },
]

/** One client after another, some more in the middle than at either end. */
async function work(url: string, callers: readonly Caller[], forMs: number): Promise<void> {
  const beganMs = performance.now()
  const client = async (number: number) => {
    for (let turn = number; ; turn++) {
      const part = (performance.now() - beganMs) / forMs
      if (part >= 1) return
      const { headers, ...body } = works[turn % works.length] as Work // within bounds
      const caller = callers[turn % callers.length] as Caller // within bounds
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers?.(caller) },
        body: JSON.stringify(body),
      })
      await answer.arrayBuffer()
      await pause(120 - 90 * Math.sin(Math.PI * part))
    }
  }
  await Promise.all([0, 5, 9, 13].map(client))
}

/** Writes the picture; `seconds` of work. */
export async function drawDashboard(seconds: number): Promise<string> {
  const system = await startSystem('embedded')
  try {
    const prometheus = await startPrometheus(new URL(system.url).host, await freePort())
    try {
      const fromSeconds = Date.now() / 1_000
      await work(system.url, system.callers, seconds * 1_000)
      const span = { fromSeconds, toSeconds: Date.now() / 1_000 }
      const all = panelsOfDashboard()
      const rows = all.filter(({ type }) => type === 'row').map(({ title, gridPos }) => ({ title, y: gridPos.y }))
      const shown = all.filter(({ type }) => type !== 'row')
      const panels = await Promise.all(shown.map((panel) => drawn(panel, prometheus, span)))
      writeFileSync(inRoot(picture), pictureOf(panels, rows, span))
      const empty = panels.filter(({ lines }) => lines.length === 0).map(({ title }) => title)
      return `${picture}: ${panels.length} panels over ${seconds} s; nothing to show in ${empty.join(', ') || 'none'}`
    } finally {
      await prometheus.stop()
    }
  } finally {
    await system.stop()
  }
}
