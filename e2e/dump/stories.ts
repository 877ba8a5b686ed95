/** What people do before the stores are copied. Whoever builds a feature adds its story, with all that must not be readable. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  aKey,
  ask,
  bearer,
  mailsTo,
  nobody,
  type SignedIn,
  signedIn,
  signInOperation,
  tokenIn,
} from '../support/client.ts'
import type { Topology } from '../support/topology.ts'

/** By what it is: secrets and whatever says who somebody is. */
export type Hidden = Readonly<Record<string, string>>

export interface Story {
  readonly name: string
  /** Answers what nobody may be able to read afterwards. */
  play(house: Topology, person: Leaver): Promise<Hidden>
}

/** The person all stories are about, in words that stand nowhere else. */
export interface Leaver extends SignedIn {
  readonly displayName: string
}

const registerOperation = 'mutation ($input: RegisterInput!) { register(input: $input) { outcome } }'
const verifyOperation = 'mutation ($token: String!) { verifyEmail(input: { token: $token }) { outcome } }'

async function mailAbout(house: Topology, address: string, subject: RegExp) {
  for (let tries = 0; tries < 200; tries++) {
    const mail = (await mailsTo(house.gateways[0], address)).find((one) => subject.test(one.subject))
    if (mail) return mail
    await pause(50)
  }
  throw new Error(`no mail ${subject} to ${address}`)
}

/** Opens an account and signs in. */
export async function arrive(house: Topology, name: string): Promise<{ person: Leaver; hidden: Hidden }> {
  const [gateway] = house.gateways
  const who = { email: `${name}.${process.pid}@quillfeather.example`, password: `${name} rides a paper tiger home` }
  const displayName = `${name} Quillfeather`
  await ask(gateway, nobody, registerOperation, { input: { ...who, displayName } })
  const token = tokenIn(await mailAbout(house, who.email, /Confirm/))
  await ask(gateway, nobody, verifyOperation, { token })
  const person = { ...(await signedIn(gateway, who)), displayName }
  const { accessToken, refreshToken } = person
  return {
    person,
    hidden: {
      address: who.email,
      password: who.password,
      displayName,
      'confirmation token': token,
      accessToken,
      refreshToken,
    },
  }
}

export const stories: readonly Story[] = [
  {
    name: 'mistypes the password, and types another address',
    async play({ gateways: [gateway] }, { email }) {
      const input = { email, password: 'this was the wrong password' }
      const other = { email: `nobody.${process.pid}@elsewhere.example`, password: input.password }
      for (const credentials of [input, other]) await ask(gateway, nobody, signInOperation, { input: credentials })
      return { 'mistyped password': input.password, 'unknown address': other.email }
    },
  },
  {
    name: 'refreshes the session',
    async play({ gateways: [, gateway] }, { refreshToken }) {
      const refresh = `mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { ... on SignedIn { accessToken refreshToken } } }`
      const { data } = await ask(gateway, nobody, refresh, { token: refreshToken })
      const { accessToken, refreshToken: next } = data.refreshSession
      return { 'second access token': accessToken, 'second refresh token': next }
    },
  },
  {
    name: 'makes a key and uses it',
    async play({ gateways: [gateway] }, person) {
      const { secret } = await aKey(gateway, person, ['profile:read'])
      await ask(gateway, { 'x-api-key': secret }, '{ me { id email displayName } }')
      // The part before the secret is public.
      return { 'key secret': secret.slice(-40) }
    },
  },
  {
    name: 'is registered by somebody a second time',
    async play(house, { email }) {
      const input = { email, password: 'a stranger tries the handle', displayName: 'Mallory Doorhandle' }
      await ask(house.gateways[1], nobody, registerOperation, { input })
      await mailAbout(house, email, /already have an account/)
      return { 'stranger’s password': input.password, 'stranger’s name': input.displayName }
    },
  },
  {
    name: 'takes the data along',
    async play(house, { accessToken, email }) {
      const [gateway, other] = house.gateways
      await ask(gateway, bearer(accessToken), 'mutation { requestDataExport { dataExport { id } } }')
      await mailAbout(house, email, /data is ready/)
      const { data, errors } = await ask(other, bearer(accessToken), '{ me { dataExports { id document } } }')
      const [{ document }] = data.me.dataExports
      const shown = JSON.parse(document)
      if (errors.length > 0 || shown.users.account.email !== email || shown.sessions.sessions.length === 0)
        throw new Error('the export does not hold what it should')
      return {}
    },
  },
]

const deleteMe = 'mutation ($email: String!) { deleteMe(input: { email: $email }) { eraseAt } }'
const undo = 'mutation ($token: String!) { undoDeletion(input: { token: $token }) { outcome } }'

/** Deletes the account, thinks again, and deletes it for good. */
export async function leave(house: Topology, { email, password, accessToken }: Leaver): Promise<Hidden> {
  const [gateway, other] = house.gateways
  await ask(gateway, bearer(accessToken), deleteMe, { email })
  const token = tokenIn(await mailAbout(house, email, /was deleted/))
  const { data } = await ask(other, nobody, undo, { token })
  if (data.undoDeletion.outcome !== 'RESTORED') throw new Error('the deletion was not undone')
  const again = await signedIn(gateway, { email, password })
  const { errors } = await ask(other, bearer(again.accessToken), deleteMe, { email })
  if (errors.length > 0) throw new Error('the account was not deleted')
  return { 'undo token': token, 'third access token': again.accessToken, 'third refresh token': again.refreshToken }
}
