/** Whose keys are whose: service accounts over two gateways, what a key may never do, and what owners are told of the end of keys. */
import { openDatabase } from '@latchkey/prisma'
import { storePatienceMs } from '@latchkey/prisma/testing'
import { beforeAll, expect, it } from 'vitest'
import { askAllTheWhile } from '../support/all-the-while.ts'
import {
  aKey,
  anAdministrator,
  apiKey,
  ask,
  bearer,
  codesOf,
  mailsTo,
  patiently,
  type SignedIn,
  signedIn,
} from '../support/client.ts'
import { everyMutation } from '../support/mutations.ts'
import type { Topology } from '../support/topology.ts'

const me = '{ me { id displayName email orders { id } } }'
const createService = `mutation ($input: CreateServiceAccountInput!) { createServiceAccount(input: $input) { account { id } } }`
const createKey = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id owner { id displayName } } } }`
const suspend = `mutation ($id: ID!) { suspendUser(input: { id: $id, reason: "A story" }) { user { status } } }`
const restore = `mutation ($id: ID!) { restoreUser(id: $id) { user { status } } }`
const remove = `mutation ($id: ID!) { deleteUser(input: { id: $id }) { user { status } } }`
const revokeRole = `mutation ($id: ID!) { revokeRole(input: { userId: $id, role: "user" }) { outcome } }`
const rotate = `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret apiKey { id } } }`
const revokeMany = `mutation ($input: RevokeApiKeysInput!) { revokeApiKeys(input: $input) { revoked remaining } }`
const scopes = ['profile:read', 'orders:read']

/** Open to everybody: what they ask for, and take, is a token from a mail. */
const provedByTheirArgument = [
  ...['register', 'verifyEmail', 'resendVerification', 'requestPasswordReset', 'resetPassword', 'acceptInvitation'],
  ...['confirmEmailChange', 'undoEmailChange', 'undoDeletion', 'reportNotMe'],
]
/** Neither a credential, nor a key that works, nor a session comes of these: the scopes of the key decide. */
const forKeysToo = [
  ...['updateProfile', 'revokeApiKey', 'createUser', 'resendInvitation', 'updateUser', 'updateUserMetadata'],
  ...['suspendUser', 'restoreUser', 'deleteUser', 'createServiceAccount', 'updateServiceAccount'],
  ...['testWebhookEndpoint', 'replayWebhookDeliveries'],
]

export function keyOwnerStories(openHouse: () => Topology): void {
  let house: Topology
  let admin: SignedIn
  beforeAll(async () => {
    house = openHouse()
    admin = await anAdministrator(house)
  })

  async function asAdmin(query: string, variables: object) {
    const answer = await ask(house.gateways[0], bearer(admin.accessToken), query, variables)
    expect(codesOf(answer)).toEqual([])
    return answer.data
  }
  const aService = async (input: object = {}) =>
    (await asAdmin(createService, { input: { name: 'Nightly', ...input } })).createServiceAccount.account.id as string
  const aKeyOf = async (ownerId: string, input: object = {}) =>
    (await asAdmin(createKey, { input: { name: 'job', scopes, ownerId, ...input } })).createApiKey as {
      secret: string
      apiKey: { id: string; owner: { id: string; displayName: string } }
    }
  /** Nobody waits for three months here: the key is made older instead. */
  async function made(id: string, at: string, besides: string): Promise<void> {
    const database = openDatabase({ url: house.databaseUrl, role: 'latchkey_api_keys', patienceMs: storePatienceMs })
    const text = `UPDATE api_keys.api_keys SET created_at = ${at}, ${besides} WHERE id = $1`
    await database.query({ name: 'story_of_age', text }, [id])
    await database.close()
  }
  /** What each gateway says to the key. */
  const verdicts = (secret: string, query = me) =>
    Promise.all(
      house.gateways.map(async (gateway) => codesOf(await ask(gateway, apiKey(secret), query))[0] ?? 'served'),
    )
  const [served, refused] = [Array(2).fill('served'), Array(2).fill('CREDENTIAL_REJECTED')]

  it('a service account asks the graph with its key, another team’s subgraph included', async () => {
    const id = await aService()
    const { secret, apiKey: key } = await aKeyOf(id)
    expect(key.owner).toEqual({ id, displayName: 'Nightly' })
    const { data, errors } = await ask(house.gateways[1], apiKey(secret), me)
    expect(errors).toEqual([])
    expect(data.me).toMatchObject({ id, displayName: 'Nightly', email: null, orders: expect.any(Array) })
  })

  it('what is done to it counts for all of its keys with the next request, at every gateway', async () => {
    const id = await aService()
    const [one, other] = [await aKeyOf(id), await aKeyOf(id)]
    const both = async () => [...(await verdicts(one.secret)), ...(await verdicts(other.secret))]
    expect(await both()).toEqual([...served, ...served])
    await asAdmin(suspend, { id })
    expect(await both()).toEqual([...refused, ...refused])
    await asAdmin(restore, { id })
    expect(await both()).toEqual([...served, ...served])
    await asAdmin(revokeRole, { id })
    expect(await both()).toEqual(Array(4).fill('FORBIDDEN'))
    await asAdmin(remove, { id })
    expect(await both()).toEqual([...refused, ...refused])
  })

  it('its key holds no more than who made it, and is made by nobody without keys:admin', async () => {
    const id = await aService({ roles: ['admin'] })
    const ada = await signedIn(house.gateways[0])
    const asAda = (input: object) =>
      ask(house.gateways[0], bearer(ada.accessToken), createKey, { input: { name: 'x', scopes, ...input } })
    expect(codesOf(await asAda({ ownerId: id }))).toEqual(['FORBIDDEN'])
    expect(codesOf(await asAda({ ownerId: admin.userId }))).toEqual(['FORBIDDEN'])
    const unknown = await ask(house.gateways[0], bearer(admin.accessToken), createKey, {
      input: { name: 'x', scopes, ownerId: 'svc_none' },
    })
    expect(codesOf(unknown)).toEqual(['NOT_FOUND'])
  })

  it('its key is rotated by an administrator: both work in the overlap, and with none the old one ends at once', async () => {
    const old = await aKeyOf(await aService())
    const next = (await asAdmin(rotate, { input: { id: old.apiKey.id, overlap: 600 } })).rotateApiKey
    expect([await verdicts(old.secret), await verdicts(next.secret)]).toEqual([served, served])
    const last = (await asAdmin(rotate, { input: { id: next.apiKey.id, overlap: 0 } })).rotateApiKey
    expect([await verdicts(next.secret), await verdicts(last.secret)]).toEqual([refused, served])
  })

  it('who answers for it is told by mail of the end of its key, and of an old one that is still used', async () => {
    const keeper = await signedIn(house.gateways[0])
    const id = await aService({ name: 'Lighthouse', responsible: [keeper.userId] })
    const [ending, rotated] = [await aKeyOf(id, { name: 'lamp' }), await aKeyOf(id, { name: 'foghorn' })]
    const successor = (await asAdmin(rotate, { input: { id: rotated.apiKey.id, overlap: 3_600 } })).rotateApiKey
    await verdicts(rotated.secret)
    await made(ending.apiKey.id, `created_at - interval '80 days'`, `expires_at = now() + interval '13 days'`)
    await made(rotated.apiKey.id, 'created_at', `expires_at = now() + interval '1 hour'`)
    await made(successor.apiKey.id, `now() - interval '10 hours'`, 'version = version')
    const subjects = async () => (await mailsTo(house.gateways[0], keeper.email)).map(({ subject }) => subject)
    await expect
      .poll(subjects)
      .toEqual(expect.arrayContaining(['An API key expires in 13 days', 'A rotated API key is still in use']))
    const mail = (await mailsTo(house.gateways[0], keeper.email)).find(({ subject }) => subject.includes('13 days'))
    expect(mail?.text).toContain(`“lamp” (lk_test_${ending.apiKey.id}…${ending.secret.slice(-4)}) of Lighthouse`)
    expect(mail?.text).not.toContain(ending.secret.slice(21, 40))
  })

  it('of keys that are ended together none is served once that is answered', async () => {
    const ada = await signedIn(house.gateways[0])
    const keys = await Promise.all(Array.from({ length: 6 }, () => aKey(house.gateways[0], ada, ['profile:read'])))
    const programs = askAllTheWhile(
      house.gateways,
      keys.slice(0, 3).map(({ secret }) => secret),
      '{ me { id } }',
    )
    await programs.goOn(20)
    const input = { filter: { namePrefix: 'reader' } }
    const { data } = await ask(house.gateways[1], bearer(ada.accessToken), revokeMany, { input })
    const answeredMs = performance.now()
    await programs.goOn(20)
    const { servedBefore, servedAfter, askedAfter } = await programs.stop(answeredMs)
    expect(data.revokeApiKeys).toEqual({ revoked: 6, remaining: 0 })
    expect([servedBefore > 0, askedAfter >= 20, servedAfter]).toEqual([true, true, 0])
  })

  it('a key that holds every scope is no session: it is refused wherever a person must act', async () => {
    const [gateway] = house.gateways
    const { data } = await ask(gateway, bearer(admin.accessToken), '{ scopes { name } }')
    const { secret } = await aKey(
      gateway,
      admin,
      data.scopes.map(({ name: scope }: { name: string }) => scope),
    )
    const letIn: string[] = []
    for (const [mutation, query] of await everyMutation(gateway, bearer(admin.accessToken))) {
      const answer = await patiently(() => ask(gateway, apiKey(secret), query))
      if (codesOf(answer)[0] !== 'FORBIDDEN') letIn.push(mutation)
    }
    expect(letIn.sort()).toEqual([...provedByTheirArgument, ...forKeysToo].sort())
  })
}
