/** A whole Users subgraph that sends webhooks to receivers on this machine, and administrators who ask it to. */
import { secondMs } from '@latchkey/clock'
import { aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { createWebhookVerifier } from '@latchkey/subgraph/webhooks'
import { expect } from 'vitest'
import { startUsers, type UsersUnderTest } from '../application.fixture.ts'
import type { Received } from './receiver.fixture.ts'
import type { WebhookTerms } from './webhooks.ts'

/** Names that lead somewhere else than a name of this machine would. */
export const names = new Map<string, readonly string[]>()

export const onThisMachine: WebhookTerms = {
  networks: ['127.0.0.0/8'],
  plainHttp: 'taken',
  timeoutMs: 5_000,
  pauseMs: 25,
  resolve: async (name) => names.get(name) ?? [],
}

export const administrator = aUser({
  userId: 'usr_admin',
  roles: ['admin'],
  scopes: ['webhooks:read', 'webhooks:write', 'audit:read'],
})

const endpoint = '{ id url status disabledBecause eventTypes failingSince previousSecretUntil }'
const asked: Readonly<Record<string, string>> = {
  createWebhookEndpoint: `{ endpoint ${endpoint} secret }`,
  updateWebhookEndpoint: `{ endpoint ${endpoint} }`,
  replayWebhookDeliveries: '{ count hasMore }',
}
const askedById: Readonly<Record<string, string>> = {
  deleteWebhookEndpoint: '{ id }',
  rotateWebhookSecret: `{ endpoint ${endpoint} secret }`,
  testWebhookEndpoint: '{ delivery { id status eventId } }',
}

export async function startWebhooks() {
  const under = await startUsers({ webhooks: onThisMachine })
  return { ...under, ...actsOf(under) }
}

function actsOf(under: UsersUnderTest) {
  const answered = async (query: string, variables: object) => {
    const { data, errors } = await ask(under.users.subgraph, administrator, query, { ...variables })
    const [error] = errors ?? []
    // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for; a wrong guess fails it.
    return { value: data as any, code: error?.extensions?.code, error }
  }
  const change = (name: string, input: object) => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
    return answered(`mutation ($input: ${type}!) { ${name}(input: $input) ${asked[name]} }`, { input })
  }
  return {
    change,
    changeById: (name: string, id: string) =>
      answered(`mutation ($id: ID!) { ${name}(id: $id) ${askedById[name]} }`, { id }),
    endpoints: async () => (await answered(`{ webhookEndpoints ${endpoint} }`, {})).value.webhookEndpoints,
    async deliveries(filter: object = {}, first = 100) {
      const fields =
        'id endpointId eventId eventType status attempts nextAttemptAt lastAttemptAt failure httpStatus answer'
      const query = `query ($filter: WebhookDeliveryFilter, $first: Int) {
        webhookDeliveries(filter: $filter, first: $first) { nodes { ${fields} } pageInfo { hasNextPage } } }`
      return (await answered(query, { filter, first })).value.webhookDeliveries.nodes
    },
    /** An endpoint, with the secret that was shown. */
    async create(url: string, input: object = {}): Promise<{ id: string; secret: string }> {
      // The clock stands still: what was on record before is a moment older.
      under.clock.advance(secondMs)
      const { value, error } = await change('createWebhookEndpoint', { url, ...input })
      if (error) expect.fail(JSON.stringify(error))
      const { endpoint, secret } = value.createWebhookEndpoint
      return { id: endpoint.id, secret }
    },
    /** Puts so many things on record, committed, and has them given their places. */
    async happen(count: number, action = 'story.act', prefix = `e${nextPrefix()}`): Promise<readonly string[]> {
      await under.database.query(
        {
          name: 'test_webhooks_happen',
          text: `INSERT INTO users.audit_records (id, at, actor_kind, actor_id, action, target, outcome, request_id, detail)
            SELECT $1 || '_' || n, $2, 'user', 'usr_ada', $3, 'usr_eve', 'done', 'req_1', '{"role":"admin","device":"Firefox"}'
            FROM generate_series(1, $4::int) n`,
        },
        [prefix, under.clock.now(), action, count],
      )
      await under.users.auditChain.seal()
      return Array.from({ length: count }, (_, at) => `${prefix}_${at + 1}`)
    },
    /** What a receiver's own check says of everything that came. */
    checked(received: readonly Received[], ...secrets: string[]) {
      const verifier = createWebhookVerifier({ secrets, clock: under.clock })
      return received.map(({ headers, body }) => verifier.verify(headers, body).outcome)
    },
  }
}

let prefixes = 0
const nextPrefix = () => {
  prefixes += 1
  return prefixes
}

export type WebhooksUnderTest = Awaited<ReturnType<typeof startWebhooks>>
