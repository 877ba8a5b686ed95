import { aService, aUser } from '@latchkey/principal/testing'
import { cursorOf } from '@latchkey/subgraph/page'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

const ada = aUser({ userId: 'usr_ada' })
const admin = aUser({ userId: 'usr_root', scopes: ['keys:read', 'keys:write', 'keys:admin', 'profile:read'] })
const gateway = aService('gateway')

const hostile = ['\u0000', 'NoSuchKey12\u0000', '\ud800', 'x'.repeat(10_000), '']
const readKey = 'query ($id: ID!) { apiKey(id: $id) { id } }'
const readRecord = 'query ($id: ID!) { apiKeyRecord(id: $id) { keyId } }'
const listKeys =
  'query ($owner: ID, $after: String) { apiKeys(filter: { ownerId: $owner }, after: $after) { nodes { id } } }'
const entities =
  'query ($of: [_Any!]!) { _entities(representations: $of) { ... on ApiKey { id } ... on User { apiKeys { id } } } }'
const revokeKey = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } } }'

const problems = (answer: { errors?: readonly { extensions?: Record<string, unknown> }[] }) =>
  answer.errors?.map(({ extensions }) => ({ code: extensions?.code, fields: Object.keys(extensions?.fields ?? {}) }))
const notFound = [{ code: 'NOT_FOUND', fields: [] }]

describe.each(hostile)('the id %j', (id) => {
  it('is the id of no key, and hurts nobody who asks at the same moment', async () => {
    const good = await app.create(ada)
    const [bad, answer, record, loaded] = await Promise.all([
      app.ask(admin, readKey, { id }),
      app.ask(ada, readKey, { id: good.id }),
      app.ask(gateway, readRecord, { id }),
      app.ask(gateway, readRecord, { id: good.id }),
    ])
    expect(problems(bad)).toEqual(notFound)
    expect(answer).toEqual({ data: { apiKey: { id: good.id } } })
    expect(record).toEqual({ data: { apiKeyRecord: null } })
    expect(loaded).toEqual({ data: { apiKeyRecord: { keyId: good.id } } })
  })

  it('cannot be revoked, referred to, or own keys', async () => {
    expect(problems(await app.ask(admin, revokeKey, { input: { id } }))).toEqual(notFound)
    expect(problems(await app.ask(admin, entities, { of: [{ __typename: 'ApiKey', id }] }))).toEqual(notFound)
    expect(await app.ask(admin, listKeys, { owner: id })).toEqual({ data: { apiKeys: { nodes: [] } } })
    const user = await app.ask(admin, entities, { of: [{ __typename: 'User', id }] })
    expect(user).toEqual({ data: { _entities: [{ apiKeys: [] }] } })
  })
})

describe('text that Postgres or a reader cannot take', () => {
  it.each(['left\u0000', 'left \ud800', 'left \u202etfel'])('is refused as the reason %j', async (reason) => {
    const { id } = await app.create(ada)
    const refused = await app.ask(ada, revokeKey, { input: { id, reason } })
    expect(problems(refused)).toEqual([{ code: 'BAD_USER_INPUT', fields: ['input.reason'] }])
  })

  it.each(['ci\u0000', 'ci \ud800', 'ci \u202eic'])('is refused as the name %j', async (name) => {
    const refused = await app.create(ada, { name }).catch(({ answer }) => answer)
    expect(problems(refused)).toEqual([{ code: 'BAD_USER_INPUT', fields: ['input.name'] }])
  })

  it.each(['\u0000', '\ud800', Buffer.from('1.NoSuchKey12\u0000').toString('base64url')])(
    'is refused as the cursor %j',
    async (after) => {
      const refused = await app.ask(ada, listKeys, { after })
      expect(problems(refused)).toEqual([{ code: 'BAD_USER_INPUT', fields: ['after'] }])
    },
  )

  it('is not what a cursor of the remotest moment is', async () => {
    const after = cursorOf({ at: new Date(999_999_999_999_999), id: 'NoSuchKey123' })
    expect((await app.ask(ada, listKeys, { after })).errors).toBeUndefined()
  })
})
