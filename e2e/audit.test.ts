/** Every security event leaves exactly one record, all of them are one list, and nobody can change one unseen. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '@latchkey/prisma'
import { storePatienceMs } from '@latchkey/prisma/testing'
import { createWebhookVerifier } from '@latchkey/subgraph/webhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownActs } from './audit/acts.ts'
import type { Act } from './audit/asking.ts'
import { staffActs } from './audit/staff-acts.ts'
import { aKey, anAdministrator, ask, bearer, codesOf, type SignedIn, signedIn } from './support/client.ts'
import { startReceiver } from './support/receiver.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

interface Recorded {
  readonly id: string
  readonly action: string
  readonly request_id: string | null
  readonly actor_kind: string
}

const everything = ['users', 'sessions', 'api_keys']
  .map((schema) => `SELECT id, action, request_id, actor_kind FROM ${schema}.audit_records`)
  .join(' UNION ALL ')

const page = `query ($first: Int, $after: String, $filter: AuditEventFilter) {
  auditEvents(first: $first, after: $after, filter: $filter) {
    nodes { id at source actorKind actorId onBehalfOf action target outcome requestId device network detail sealed }
    pageInfo { hasNextPage endCursor } } }`

const settings = {
  LATCHKEY_LIMITS: 'off',
  LATCHKEY_WEBHOOK_HTTP: 'on',
  LATCHKEY_WEBHOOK_NETWORKS: '127.0.0.0/8',
}

inEveryTopology((name) => {
  let house: Topology
  let owner: Database
  let admin: SignedIn
  beforeAll(async () => {
    house = await startTopology(name, { settings })
    owner = openDatabase({ url: house.databaseUrl, poolMax: 2, patienceMs: storePatienceMs })
    admin = await anAdministrator(house)
  })
  afterAll(async () => {
    await owner?.close()
    await house?.stop()
  })

  const recorded = () => owner.query<Recorded>({ name: 'story_recorded', text: everything }, [])
  const idsOf = async (kind: string) => (await recorded()).filter(({ action }) => action === kind).map(({ id }) => id)

  /** How many records of its kind an act has left, once it has left one. */
  async function leftBy({ kind, does }: Act): Promise<number> {
    const before = new Set(await idsOf(kind))
    await does()
    const left = async () => (await idsOf(kind)).filter((id) => !before.has(id)).length
    await expect.poll(left, { message: kind }).toBeGreaterThan(0)
    return left()
  }

  it('each security event leaves exactly one record of its kind, in the request that did it', async () => {
    const counts = new Map<string, number[]>()
    for (const acts of [ownActs, staffActs])
      for await (const act of acts({ house, admin }))
        counts.set(act.kind, [...(counts.get(act.kind) ?? []), await leftBy(act)])
    expect(counts.size).toBeGreaterThanOrEqual(30)
    expect([...counts].filter(([, left]) => left.some((count) => count !== 1))).toEqual([])
    const withoutRequest = (await recorded()).filter(
      ({ request_id, actor_kind, action }) => request_id === null && actor_kind !== 'operator' && counts.has(action),
    )
    expect(withoutRequest).toEqual([])
    const listed = await ask(house.gateways[0], bearer(admin.accessToken), '{ webhookEventTypes }')
    const names: ReadonlySet<string> = new Set(listed.data.webhookEventTypes)
    expect((await recorded()).filter(({ action }) => !names.has(action))).toEqual([])
  })

  it('what is on record in any subgraph arrives once at a webhook endpoint, signed, whichever replica sends it', async () => {
    const receiver = await startReceiver()
    const { url, received } = receiver
    const before = new Set((await recorded()).map(({ id }) => id))
    const create = `mutation ($url: String!) { createWebhookEndpoint(input: { url: $url }) { endpoint { id } secret } }`
    const made = await ask(house.gateways[0], bearer(admin.accessToken), create, { url })
    expect(codesOf(made)).toEqual([])
    const { endpoint, secret } = made.data.createWebhookEndpoint
    for (const gateway of house.gateways)
      for (let turn = 0; turn < 3; turn += 1) await aKey(gateway, await signedIn(gateway), ['profile:read'])
    const happened = async () => (await recorded()).map(({ id }) => id).filter((id) => !before.has(id))
    const ids = () => received.map(({ headers }) => headers['webhook-id'] ?? '').sort()
    const missed = async () => (await happened()).filter((id) => !ids().includes(id))
    await expect.poll(missed).toEqual([])
    const pending = "SELECT count(*)::int AS n FROM users.webhook_deliveries WHERE status = 'pending'"
    const left = async () => (await owner.query<{ n: number }>({ name: 'story_pending', text: pending }, []))[0]?.n
    await expect.poll(left).toBe(0)
    expect(ids()).toEqual((await happened()).sort())
    expect(new Set(received.map(({ body }) => JSON.parse(body).data.source))).toEqual(
      new Set(['users', 'sessions', 'api-keys']),
    )
    const verifier = createWebhookVerifier({ secrets: [secret] })
    expect(new Set(received.map(({ headers, body }) => verifier.verify(headers, body).outcome))).toEqual(
      new Set(['genuine']),
    )
    expect(received.filter(({ headers, body }) => verifier.verify(headers, body).outcome !== 'refused')).toEqual([])
    const remove = 'mutation ($id: ID!) { deleteWebhookEndpoint(id: $id) { id } }'
    await ask(house.gateways[1], bearer(admin.accessToken), remove, { id: endpoint.id })
    expect(house.logged()).not.toContain(secret.slice('whsec_'.length))
    receiver.stop()
  })

  describe('auditEvents', () => {
    const events = async (variables: object, gateway = house.gateways[0]) => {
      const answer = await ask(gateway, bearer(admin.accessToken), page, variables)
      expect(codesOf(answer)).toEqual([])
      return answer.data.auditEvents
    }

    it('lists what all three subgraphs recorded, newest first, each once, page by page at either gateway', async () => {
      const known = new Set((await recorded()).map(({ id }) => id))
      const listed: { id: string; at: string; source: string }[] = []
      let after: string | null = null
      for (let turn = 0; ; turn += 1) {
        const { nodes, pageInfo } = await events({ first: 17, after }, house.gateways[turn % 2 ? 1 : 0])
        listed.push(...nodes)
        if (!pageInfo.hasNextPage) break
        after = pageInfo.endCursor
      }
      const ids = listed.map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      expect(ids.filter((id) => known.has(id))).toHaveLength(known.size)
      expect(listed.map(({ at }) => at)).toEqual(
        listed
          .map(({ at }) => at)
          .sort()
          .reverse(),
      )
      expect(new Set(listed.map(({ source }) => source))).toEqual(new Set(['users', 'sessions', 'api-keys']))
    })

    it('narrows by actor, target, action, outcome and time', async () => {
      const { nodes } = await events({ filter: { action: 'role.grant', actor: admin.userId } })
      const granted = { action: 'role.grant', actorKind: 'user', actorId: admin.userId, source: 'users' }
      expect(nodes).toMatchObject([granted, granted])
      const [grant] = nodes
      for (const filter of [{ target: grant.target }, { from: grant.at }, { outcome: grant.outcome }])
        expect((await events({ first: 100, filter })).nodes).toContainEqual(grant)
      const before = await events({ first: 100, filter: { to: grant.at, action: 'role.grant' } })
      expect(before.nodes).not.toContainEqual(grant)
    })

    it('is refused to everybody else, and for what cannot be a page or a filter', async () => {
      const ada = await signedIn(house.gateways[0])
      expect(codesOf(await ask(house.gateways[0], bearer(ada.accessToken), page))).toEqual(['FORBIDDEN'])
      expect(codesOf(await ask(house.gateways[0], {}, page))).toEqual(['UNAUTHENTICATED'])
      for (const bad of [{ first: 101 }, { after: 'x' }, { filter: { actor: 'x'.repeat(200) } }])
        expect(codesOf(await ask(house.gateways[0], bearer(admin.accessToken), page, bad))).toEqual(['BAD_USER_INPUT'])
    })
  })

  it('every record has its place within seconds, and an altered, a removed and a moved one are found', async () => {
    const waiting = async () => {
      const text = ['users', 'sessions', 'api_keys']
        .map((s) => `(SELECT count(*) FROM ${s}.audit_unlinked)`)
        .join(' + ')
      return Number(
        (await owner.query<{ n: string }>({ name: 'story_waiting', text: `SELECT ${text} AS n` }, []))[0]?.n,
      )
    }
    await expect.poll(waiting).toBe(0)
    const checkpoint = (await house.operate('audit', 'checkpoint')).trim()
    const verify = () =>
      house.operate('audit', 'verify', ...(name === 'distributed' ? ['--checkpoint'] : []), checkpoint)
    expect(await verify()).not.toContain('NOT')
    const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.ndjson')
    // The command line that a process of its own has is the same for all its commands, and starts slowly.
    if (name === 'embedded') expect(await house.operate('audit', 'export', file)).toMatch(/^[1-9]\d+ records are in /m)
    const attack = (text: string) => owner.query({ name: `attack ${text.slice(0, 50)}`, text }, [])
    await attack(
      "UPDATE users.audit_records SET outcome = 'refused' WHERE id = (SELECT record_id FROM users.audit_links WHERE seq = 5)",
    )
    await attack(
      'DELETE FROM sessions.audit_records WHERE id = (SELECT record_id FROM sessions.audit_links WHERE seq = 3)',
    )
    await attack('UPDATE api_keys.audit_links SET seq = 1000000 WHERE seq = 1')
    await attack('UPDATE api_keys.audit_links SET seq = 1 WHERE seq = 2')
    await attack('UPDATE api_keys.audit_links SET seq = 2 WHERE seq = 1000000')
    const found = await verify().then(String, (thrown: Error) => thrown.message)
    expect(found).toMatch(/users: NOT as it was written: record aud_\w+, link 5, was altered or moved/)
    expect(found).toMatch(/sessions: NOT as it was written: record aud_\w+, link 3, was removed/)
    expect(found).toMatch(/api-keys: NOT as it was written: record aud_\w+, link 1, was altered or moved/)
    if (name === 'distributed') return
    const kept = await house.operate('audit', 'verify-file', file)
    for (const chain of ['users', 'sessions', 'api-keys'])
      expect(kept).toMatch(new RegExp(`${chain}: records 1 to [1-9]\\d* are as they were written`))
  })
})
