/** Uses of keys as the tests make them: a key, gateways that send batches, and what is told of it. */
import { type KeyUse, type UsageBatch, writeBatch } from '@latchkey/principal/key-usage'
import { aUser } from '@latchkey/principal/testing'
import { createLogger } from '@latchkey/telemetry'
import { runApiKeys } from '../application.fixture.ts'

export const ada = aUser({ userId: 'usr_ada', scopes: ['profile:read', 'keys:read', 'keys:write', 'keys:admin'] })
export const dash = { id: 'Dash#0123456789abcdef', coordinates: ['Query.me', 'User.id'] }

const usage = `query ($id: ID!, $from: DateTime, $to: DateTime, $by: ApiKeyUsageGrouping, $in: ApiKeyUsageGranularity, $first: Int) {
  apiKey(id: $id) { usage(from: $from, to: $to, groupBy: $by, granularity: $in, first: $first) {
    at group requests errors denied p50 p99 } } }`

export async function runUsage() {
  /** What was logged as an error. */
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const app = await runApiKeys({ logger: createLogger({ level: 'error', service: 'test', destination }) })
  let keyId = ''
  let producers = 0

  const send = (...batches: UsageBatch[]) => app.usageStream.add(batches.map(writeBatch))
  const askUsage = async (variables: Record<string, unknown> = {}) => {
    const answer = await app.ask(ada, usage, { id: keyId, ...variables })
    // The query asks exactly this.
    const data = answer.data as { apiKey: { usage: { at: string; group: string | null; requests: number }[] } } | null
    return { points: data?.apiKey?.usage ?? [], errors: answer.errors }
  }

  return {
    app,
    lines,
    send,
    askUsage,
    /** The key of the test that is running. */
    keyId: () => keyId,
    async begin() {
      lines.length = 0
      keyId = (await app.create(ada, { scopes: ['profile:read', 'keys:read', 'keys:admin'] })).id
    },
    use: (overrides: Partial<KeyUse> = {}): KeyUse => ({
      ...{ keyId, atMs: app.clock.now().getTime(), operation: dash, outcome: 'OK', subgraphs: ['users'], tookMs: 2 },
      ...overrides,
    }),
    /** A gateway that numbers what it sends; what is not sent is lost. */
    aGateway() {
      producers += 1
      const producer = `gw_${producers}`
      let [sequence, before] = [0, 0]
      return (...uses: KeyUse[]): UsageBatch => {
        sequence += 1
        const atMs = app.clock.now().getTime()
        const batch = { producer, sequence, before, atMs, previousAtMs: sequence === 1 ? null : atMs, uses }
        before += uses.length
        return batch
      }
    },
    async count(...batches: UsageBatch[]) {
      await send(...batches)
      await app.counter.countWaiting()
    },
    totalOf: async (variables = {}) =>
      (await askUsage({ in: 'DAY', ...variables })).points.reduce((sum, { requests }) => sum + requests, 0),
    async askKey(fields: string, principal = ada) {
      const query = `query ($id: ID!) { apiKey(id: $id) { ${fields} } }`
      const { data, errors } = await app.ask(principal, query, { id: keyId })
      return { key: data?.apiKey as Record<string, unknown> | null | undefined, errors }
    },
  }
}

export type RunningUsage = Awaited<ReturnType<typeof runUsage>>
