/** What administrators do with the accounts of others: describe, suspend, restore, invite, import. */
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { aKey, ask, bearer, nobody, type SignedIn, tokenIn } from '../support/client.ts'
import type { Topology } from '../support/topology.ts'
import {
  expectOutcome,
  type Hidden,
  type Leaver,
  mailAbout,
  type Played,
  perform,
  type Story,
  signInAgain,
  tokensOf,
  versionOf,
} from './person.ts'

const restore = 'mutation ($id: ID!) { restoreUser(id: $id) { user { status } } }'

export const administrationStories: readonly Story[] = [
  {
    name: 'is described, suspended and restored by an administrator',
    async play({ gateways: [gateway, other] }, person, administrator) {
      const admin = bearer(administrator.accessToken)
      const id = person.userId
      const adminMetadata = { file: 'cabinet seven, third drawer' }
      const version = await versionOf(gateway, person)
      await perform(gateway, admin, 'updateUserMetadata', { id, version, adminMetadata })
      const externalId = `Cormorant-${process.pid}-Perpetua`
      await perform(other, admin, 'updateUser', { id, version: version + 1, externalId })
      const reason = 'quarrels with the harbour master'
      await perform(gateway, admin, 'suspendUser', { id, reason })
      const { errors } = await ask(other, admin, restore, { id })
      if (errors.length > 0) throw new Error('the account was not restored')
      const back = await signInAgain(gateway, person)
      return {
        hidden: { 'admin metadata': adminMetadata.file, externalId, reason, ...tokensOf(back) },
        person: back,
      }
    },
  },
]

/** Somebody who is invited twice, comes, makes a key, and is suspended. */
export async function inviteAndSuspend(
  house: Topology,
  administrator: SignedIn,
): Promise<Played & { readonly person: Leaver }> {
  const [gateway, other] = house.gateways
  const admin = bearer(administrator.accessToken)
  const email = `severin.${process.pid}@sandpiper.example`
  const [displayName, password] = ['Severin Sandpiper', 'nine lanterns over the weir']
  const externalId = `Heron/${process.pid}/Severin`
  const input = { email, displayName, externalId }
  const { user } = await perform(gateway, admin, 'createUser', input, 'user { id }')
  const first = tokenIn(await mailAbout(house, email, /You are invited/))
  const resend = 'mutation ($id: ID!) { resendInvitation(id: $id) { outcome } }'
  expectOutcome((await ask(other, admin, resend, { id: user.id })).data.resendInvitation, 'SENT')
  const token = tokenIn(await mailAbout(house, email, /You are invited/, 2))
  expectOutcome(await perform(gateway, nobody, 'acceptInvitation', { token, password }, 'outcome'), 'ACCEPTED')
  const nothing = { accessToken: '', refreshToken: '', deviceToken: '', sessionId: '', userId: user.id }
  const known = { ...nothing, email, password, displayName, addresses: [email], recoveryCodes: [] }
  const person = await signInAgain(other, known)
  const { secret } = await aKey(gateway, person, ['profile:read'])
  const reason = 'lets the lanterns go out'
  await perform(other, admin, 'suspendUser', { id: user.id, reason })
  const invitations = { 'first invitation': first, 'second invitation': token }
  return {
    hidden: { ...input, password, reason, ...invitations, ...tokensOf(person), 'key secret': secret.slice(-40) },
    person,
  }
}

/** An administrator's deletion; what was said of it. */
export async function deleteUser(house: Topology, administrator: SignedIn, id: string): Promise<Hidden> {
  const reason = 'has sailed for the islands'
  await perform(house.gateways[1], bearer(administrator.accessToken), 'deleteUser', { id, reason })
  return { 'reason of the deletion': reason }
}

/** PBKDF2 as another system kept it. */
function foreignHash(password: string): string {
  const salt = randomBytes(16)
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$pbkdf2-sha256$i=100000$${base64(salt)}$${base64(pbkdf2Sync(password, salt, 100_000, 32, 'sha256'))}`
}

/** Somebody who is brought from another system and has not come yet. */
export async function bringAlong(
  house: Topology,
  administrator: SignedIn,
): Promise<Played & { readonly userId: string; readonly addresses: readonly string[] }> {
  const password = 'three otters under the ice'
  const row = {
    externalId: `Otter:${process.pid}:Odile`,
    email: `odile.${process.pid}@otterbank.example`,
    emailVerified: true,
    displayName: 'Odile Otterbank',
  }
  const passwordHash = foreignHash(password)
  const input = { ndjson: JSON.stringify({ ...row, passwordHash, roles: [] }), mode: 'APPLY' }
  const admin = bearer(administrator.accessToken)
  const { created, rows } = await perform(
    house.gateways[0],
    admin,
    'importUsers',
    input,
    'created rows { user { id } }',
  )
  if (created !== 1) throw new Error('the account was not imported')
  const { externalId, email, displayName } = row
  // What another system kept is kept as it is until the password is first right.
  const untilErased = { 'hash of another system': passwordHash }
  return {
    hidden: { externalId, email, displayName, password },
    untilErased,
    userId: rows[0].user.id,
    addresses: [email],
  }
}
