import { anonymous, type Principal, type UserPrincipal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { ask } from '@latchkey/subgraph/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, field, startUsers, type UsersUnderTest } from '../application.fixture.ts'
import type { UsersApplication } from '../subgraph.ts'

let under: UsersUnderTest
let other: UsersApplication
beforeAll(async () => {
  const profileSchemas = JSON.stringify({ public: { properties: { team: { type: 'string' } } } })
  under = await startUsers({ profileSchemas })
  other = under.replica()
})
afterAll(() => under.close())

const parts =
  'id version displayName username givenName familyName locale timeZone picture birthdate publicMetadata privateMetadata'

type Profile = Record<string, unknown> & { version: number }

const read = async (who: Principal): Promise<Profile> =>
  field<Profile>((await ask(under.users.subgraph, who, `{ me { ${parts} } }`)).data, 'me')

async function update(who: Principal, input: object, users = under.users): Promise<unknown> {
  const mutation = `mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { ${parts} } } }`
  const { data, errors } = await ask(users.subgraph, who, mutation, { input })
  return errors?.[0]
    ? { ...errors[0].extensions, message: errors[0].message }
    : field<{ user: Profile }>(data, 'updateProfile').user
}

const writeMetadata = async (who: Principal, input: object): Promise<unknown> => {
  const mutation = `mutation ($input: UpdateUserMetadataInput!) {
    updateUserMetadata(input: $input) { user { id version publicMetadata adminMetadata } } }`
  const { data, errors } = await ask(under.users.subgraph, who, mutation, { input })
  return errors?.[0]?.extensions ?? field<{ user: Profile }>(data, 'updateUserMetadata').user
}

const whole = {
  displayName: 'Ada L.',
  username: 'Ada.Lovelace',
  givenName: 'Ada',
  familyName: 'Lovelace',
  locale: 'en-gb',
  timeZone: 'europe/london',
  picture: 'https://example.com/ada.png',
  birthdate: '1915-12-10',
  publicMetadata: { team: 'engines' },
  privateMetadata: { theme: 'dark', tags: [1, null, { a: 'b' }] },
}
const administrator = aUser({ userId: 'usr_admin', roles: ['admin'], scopes: ['users:read', 'users:write'] })

describe('updateProfile', () => {
  it('changes what it names, leaves the rest, and clears what is null', async () => {
    const who = await aMember(under.users, 'ada@example.com')
    expect(await read(who)).toMatchObject({ version: 1, displayName: 'Ada', username: null, publicMetadata: null })
    const kept = { ...whole, locale: 'en-GB', timeZone: 'Europe/London' }
    expect(await update(who, { version: 1, ...whole })).toEqual({ id: who.userId, version: 2, ...kept })
    expect(await read(who)).toEqual({ id: who.userId, version: 2, ...kept })
    expect(await update(who, { version: 2, givenName: 'Augusta', picture: null, privateMetadata: null })).toEqual({
      ...{ id: who.userId, version: 3, ...kept },
      ...{ givenName: 'Augusta', picture: null, privateMetadata: null },
    })
    const cleared = Object.fromEntries(Object.keys(whole).map((name) => [name, null]))
    expect(await update(who, { version: 3, ...cleared, displayName: undefined })).toEqual({
      ...cleared,
      ...{ id: who.userId, version: 4, displayName: 'Ada L.' },
    })
  })

  it('is refused with CONFLICT for every version but the current one, and changes nothing', async () => {
    const who = await aMember(under.users, 'stale@example.com')
    await update(who, { version: 1, givenName: 'One' })
    for (const version of [1, 3, 2_147_483_647])
      expect(await update(who, { version, givenName: 'Two' })).toMatchObject({ code: 'CONFLICT' })
    expect(await read(who)).toMatchObject({ version: 2, givenName: 'One' })
  })

  it('has exactly one winner among 200 changes of one version at once, on two replicas', async () => {
    const who = await aMember(under.users, 'race@example.com')
    const changes = Array.from({ length: 200 }, (_, n) =>
      update(who, { version: 1, givenName: `Name ${n}` }, n % 2 ? under.users : other),
    )
    const answers = (await Promise.all(changes)) as { code?: string; givenName?: string }[]
    const winners = answers.filter(({ code }) => !code)
    expect(winners).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'CONFLICT')).toHaveLength(199)
    expect(await read(who)).toMatchObject({ version: 2, givenName: winners[0]?.givenName })
  })

  it('names every wrong field at once', async () => {
    const who = await aMember(under.users, 'wrong@example.com')
    const input = {
      ...{
        version: 0,
        displayName: null,
        username: 'a b',
        givenName: '',
        familyName: 'x\r\nBcc: eve',
        locale: 'de_AT',
      },
      ...{ timeZone: '+1', picture: 'http://x.example', birthdate: '2000-13-01' },
      ...{ publicMetadata: { team: 1 }, privateMetadata: [] },
    }
    const { code, fields } = (await update(who, input)) as { code: string; fields: object }
    expect(code).toBe('BAD_USER_INPUT')
    expect(Object.keys(fields).sort()).toEqual(
      Object.keys(input)
        .map((name) => `input.${name}`)
        .sort(),
    )
    expect(fields).toMatchObject({ 'input.publicMetadata': '/team must be string' })
  })

  it('refuses fields that it does not have', async () => {
    const who = await aMember(under.users, 'mass@example.com')
    for (const extra of ['roles', 'status', 'emailVerified', 'adminMetadata', 'email', 'id'])
      expect(await update(who, { version: 1, [extra]: 'x' })).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await read(who)).toMatchObject({ version: 1 })
  })

  it('takes metadata as literals too', async () => {
    const who = await aMember(under.users, 'literal@example.com')
    const mutation = `mutation ($n: String!) { updateProfile(input: { version: 1, privateMetadata: { a: [1, 2.5, true, null, "x"], b: { c: $n } } }) {
      user { privateMetadata } } }`
    const { data } = await ask(under.users.subgraph, who, mutation, { n: 'v' })
    expect(data).toEqual({
      updateProfile: { user: { privateMetadata: { a: [1, 2.5, true, null, 'x'], b: { c: 'v' } } } },
    })
  })

  it('keeps on record which fields were touched, and nothing of what they say', async () => {
    const who = await aMember(under.users, 'record@example.com')
    await update(who, { version: 1, givenName: 'Unmistakable', privateMetadata: { key: 'Unmistakable' } })
    const text = `SELECT action, outcome, detail FROM users.audit_records WHERE target = $1 AND action = 'profile.update'`
    const records = await under.database.query({ name: 'test_profile_record', text }, [who.userId])
    expect(records).toEqual([
      { action: 'profile.update', outcome: 'changed', detail: { fields: 'givenName privateMetadata' } },
    ])
    for (const table of ['accounts', 'identifiers', 'audit_records', 'outbox']) {
      const dump = { name: `dump_profile_${table}`, text: `SELECT to_jsonb(t)::text AS row FROM users.${table} t` }
      expect(JSON.stringify(await under.database.query(dump, []))).not.toMatch(/Unmistakable|Lovelace/i)
    }
  })
})

describe('a user name', () => {
  const named = (who: UserPrincipal, username: string | null, version = 1, users = under.users) =>
    update(who, { version, username }, users)

  it('is one account’s, and so is every name that looks like it', async () => {
    const one = await aMember(under.users, 'one@example.com')
    const two = await aMember(under.users, 'two@example.com')
    expect(await named(one, 'Grace_Hopper')).toMatchObject({ username: 'Grace_Hopper' })
    for (const username of ['grace_hopper', 'GRACE.HOPPER', 'gracehopper', 'grace-h0pper'])
      expect(await named(two, username)).toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('is taken'),
      })
    expect(await read(two)).toMatchObject({ version: 1, username: null })
  })

  it('can be written anew by who has it, and is free when it is given up', async () => {
    const one = await aMember(under.users, 'three@example.com')
    const two = await aMember(under.users, 'four@example.com')
    await named(one, 'katherine')
    expect(await named(one, 'Kather1ne', 2)).toMatchObject({ username: 'Kather1ne' })
    expect(await named(two, 'katherine')).toMatchObject({ code: 'CONFLICT' })
    expect(await named(one, 'dorothy', 3)).toMatchObject({ username: 'dorothy' })
    expect(await named(two, 'katherine')).toMatchObject({ username: 'katherine' })
    expect(await named(one, null, 4)).toMatchObject({ username: null })
    expect(await named(two, 'dorothy', 2)).toMatchObject({ username: 'dorothy' })
  })

  it('goes to one of 20 people who ask for it at once, on two replicas', async () => {
    const people = await Promise.all(
      Array.from({ length: 20 }, (_, n) => aMember(under.users, `crowd${n}@example.com`)),
    )
    const answers = await Promise.all(people.map((who, n) => named(who, 'annie', 1, n % 2 ? under.users : other)))
    const winners = answers.filter((answer) => (answer as Profile).username === 'annie')
    expect(winners).toHaveLength(1)
    expect(answers.filter((answer) => (answer as { code?: string }).code === 'CONFLICT')).toHaveLength(19)
  })
})

describe('metadata', () => {
  it('for others is read by who may read accounts, and by nobody else', async () => {
    const who = await aMember(under.users, 'public@example.com')
    const eve = await aMember(under.users, 'eve@example.com')
    await update(who, { version: 1, publicMetadata: { team: 'blue' }, privateMetadata: { a: 1 } })
    await writeMetadata(administrator, { id: who.userId, version: 2, adminMetadata: { risk: 3 } })
    const readAs = async (principal: Principal, bucket: string) => {
      const query = `query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) { ... on User { ${bucket}Metadata } } }`
      const { data, errors } = await ask(under.users.subgraph, principal, query, { id: who.userId })
      const [user] = field<(Record<string, unknown> | null)[]>(data, '_entities')
      return errors?.[0]?.extensions?.code ?? user?.[`${bucket}Metadata`]
    }
    const key = anApiKey({ ownerId: who.userId, scopes: ['profile:read'] })
    const table = {
      public: [{ team: 'blue' }, { team: 'blue' }, 'NOT_FOUND', { team: 'blue' }],
      private: [{ a: 1 }, { a: 1 }, 'NOT_FOUND', 'FORBIDDEN'],
      admin: ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', { risk: 3 }],
    }
    for (const [bucket, expected] of Object.entries(table)) {
      const seen = []
      for (const principal of [who, key, eve, administrator]) seen.push(await readAs(principal, bucket))
      expect({ bucket, seen }).toEqual({ bucket, seen: expected })
    }
    // An administrator who may read their own account reads nothing private of another's either.
    const both = { ...administrator, scopes: [...administrator.scopes, 'profile:read'] }
    expect(await readAs(both, 'private')).toBe('NOT_FOUND')
  })

  it('is written by administrators against a version, with the same limits, and on record', async () => {
    const who = await aMember(under.users, 'written@example.com')
    const id = who.userId
    expect(await writeMetadata(administrator, { id, version: 1, adminMetadata: { risk: 1 } })).toEqual({
      ...{ id, version: 2, publicMetadata: null, adminMetadata: { risk: 1 } },
    })
    expect(await writeMetadata(administrator, { id, version: 1, adminMetadata: {} })).toMatchObject({
      code: 'CONFLICT',
    })
    const above = await aMember(under.users, 'above@example.com')
    await under.users.grantRole('above@example.com', 'admin')
    expect(await writeMetadata(administrator, { id: above.userId, version: 1, adminMetadata: {} })).toMatchObject({
      code: 'FORBIDDEN',
    })
    expect(await writeMetadata(administrator, { id: 'usr_unknown', version: 1, adminMetadata: {} })).toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(
      await writeMetadata(administrator, { id, version: 2, adminMetadata: [], publicMetadata: { unknown: 1 } }),
    ).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: { 'input.adminMetadata': expect.any(String), 'input.publicMetadata': expect.any(String) },
    })
    expect(await writeMetadata(administrator, { id, version: 2, privateMetadata: {} })).toMatchObject({
      code: 'BAD_USER_INPUT',
    })
    for (const principal of [anonymous, who, anApiKey({ ownerId: id }), aService('sessions', ['users:write'])])
      expect(await writeMetadata(principal, { id, version: 2, adminMetadata: {} })).toMatchObject({
        code: principal.kind === 'anonymous' ? 'UNAUTHENTICATED' : 'FORBIDDEN',
      })
    const text = `SELECT actor_id, detail FROM users.audit_records WHERE target = $1 AND action = 'account.update'`
    expect(await under.database.query({ name: 'test_metadata_record', text }, [id])).toEqual([
      { actor_id: 'usr_admin', detail: { fields: 'adminMetadata' } },
    ])
  })
})
