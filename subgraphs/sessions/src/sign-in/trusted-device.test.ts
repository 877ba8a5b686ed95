import { dayMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { silentLogger } from '@latchkey/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { correct, type Installation, install, type RunningSessions, wrong } from '../application.fixture.ts'
import { readDeviceToken } from '../devices/device-token.ts'
import { rightFactor } from '../users.fixture.ts'
import { complete, elsewhere, home, resultOf, signIn } from './ceremony.fixture.ts'
import { usersTrustedDevices } from './trusted-devices.users.ts'

describe('a trusted device', () => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install('memory')
    house.users.secondFactors = ['TOTP', 'RECOVERY_CODE']
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const known = (deviceToken: string | null) => ({ ...home, ...(deviceToken && { deviceToken }) })
  const completed = async (input: Record<string, unknown> = {}, email = correct.email, client = home) => {
    const { challengeId } = await signIn(here, { ...correct, email }, client)
    const userId = email === correct.email ? 'usr_ada' : 'usr_eve'
    return resultOf(await complete(here, { challengeId, totp: rightFactor(userId), ...input }, client))
  }
  const trusting = async () => (await completed({ trustDevice: true })).deviceToken
  const typeOf = async (deviceToken: string | null, credentials = correct) =>
    (await signIn(here, credentials, known(deviceToken))).__typename

  it('is asked for no second factor after the right password, and has proved one thing', async () => {
    const deviceToken = await trusting()
    const done = await signIn(here, correct, { ...elsewhere, ...known(deviceToken), address: elsewhere.address })
    expect(done).toMatchObject({ __typename: 'SignedIn', user: { id: 'usr_ada' } })
    const { session } = await house.records.session(done.session.id, 'usr_ada')
    expect(session).toMatchObject({ amr: ['pwd'], acr: 'aal1' })
    const text = 'SELECT method, outcome FROM sessions.sign_in_attempts ORDER BY at, id'
    expect(await house.database.query({ name: 'test_attempts', text }, [])).toContainEqual({
      method: 'TRUSTED_DEVICE',
      outcome: 'SIGNED_IN',
    })
  })

  it('is what the account knows the client by, as Users is told it', async () => {
    const deviceToken = (await trusting()) ?? ''
    const device = readDeviceToken(house.keyring, deviceToken, house.clock.now().getTime())
    expect(house.users.trusted).toEqual([{ userId: 'usr_ada', deviceId: device?.deviceId, sessionEpoch: 0 }])
  })

  it('is not made by a sign-in that did not ask for it, or was refused', async () => {
    const { deviceToken } = await completed()
    const { challengeId } = await signIn(here)
    await complete(here, { challengeId, totp: 'wrong', trustDevice: true })
    expect(house.users.trusted).toEqual([])
    expect(await typeOf(deviceToken)).toBe('SecondFactorRequired')
  })

  it('helps nobody who does not know the password, and no other account', async () => {
    const deviceToken = await trusting()
    expect(await typeOf(deviceToken, wrong)).toBe('SignInRefused')
    expect(await typeOf(deviceToken, { ...correct, email: 'eve@example.org' })).toBe('SecondFactorRequired')
    expect(await typeOf(null)).toBe('SecondFactorRequired')
    expect(await typeOf(`${deviceToken?.slice(0, -1)}!`)).toBe('SecondFactorRequired')
    house.clock.advance(181 * dayMs)
    expect(await typeOf(deviceToken)).toBe('SecondFactorRequired')
  })

  it('is none once the account has ended its sessions', async () => {
    const deviceToken = await trusting()
    house.users.sessionEpoch = 1
    expect(await typeOf(deviceToken)).toBe('SecondFactorRequired')
  })

  it('is not waited for twice in one sign-in where nobody can say, and is trusted when somebody can', async () => {
    const deviceToken = await trusting()
    const before = house.users.trusted.length
    let unlock = () => {}
    house.users.devicesLocked = new Promise((resolve) => {
      unlock = resolve
    })
    const { challengeId } = await signIn(here, correct, known(deviceToken))
    const totp = rightFactor('usr_ada')
    const done = await complete(here, { challengeId, totp, trustDevice: true }, known(deviceToken))
    expect(resultOf(done)).toMatchObject({ __typename: 'SignedIn' })
    expect(house.users.trusted).toHaveLength(before)
    unlock()
    await expect.poll(() => house.users.trusted.length).toBe(before + 1)
  })

  it('is waited for by whoever has not waited yet', async () => {
    let unlock = () => {}
    const { challengeId } = await signIn(here)
    house.users.devicesLocked = new Promise((resolve) => {
      unlock = resolve
    })
    let isDone = false
    const done = complete(here, { challengeId, totp: rightFactor('usr_ada'), trustDevice: true }).finally(() => {
      isDone = true
    })
    await expect.poll(() => house.users.askedFactors.length).toBe(1)
    // Somebody else signs in, from beginning to end.
    await completed({}, 'eve@example.org')
    expect(isDone).toBe(false)
    unlock()
    expect(resultOf(await done)).toMatchObject({ __typename: 'SignedIn' })
    expect(house.users.trusted).toHaveLength(1)
  })

  it('is not taken for one when nobody can say, and that undoes no sign-in', async () => {
    const nobody = usersTrustedDevices(() => Promise.reject(new Problem('UNAVAILABLE')), silentLogger)
    const device = { userId: 'usr_ada', deviceId: 'dev_x', sessionEpoch: 0 }
    expect(await nobody.trustIn(device, { requestId: 'req_1' })).toBe('not known')
    await expect(nobody.trust(device, { requestId: 'req_1' })).resolves.toBeUndefined()
  })
})
