import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { correct, type Installation, install, type RunningSessions, refresh } from '../application.fixture.ts'
import { complete, home, resultOf, signIn } from '../sign-in/ceremony.fixture.ts'
import { rightFactor } from '../users.fixture.ts'
import { deviceTokenLifetimeMs, readDeviceToken } from './device-token.ts'

const eve = { ...correct, email: 'eve@example.org' }

describe('the device a client is known by', () => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install('memory')
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const known = (deviceToken: string | null) => ({ ...home, ...(deviceToken && { deviceToken }) })
  const tokenAfter = async (input = correct, presented: string | null = null) =>
    (await signIn(here, input, known(presented))).deviceToken ?? ''
  const deviceOf = (token: string) => readDeviceToken(house.keyring, token, house.clock.now().getTime())

  it('is told at the sign-in, and stays the same for a client that shows it again', async () => {
    const first = await tokenAfter()
    house.clock.advance(1)
    const second = await tokenAfter(correct, first)
    expect(deviceOf(first)).toMatchObject({ userId: 'usr_ada', deviceId: expect.stringMatching(/^dev_/) })
    expect(deviceOf(second)).toEqual({ ...deviceOf(first), issuedAtMs: house.clock.now().getTime() })
  })

  it('is told also when the sign-in took a second factor', async () => {
    house.users.secondFactors = ['TOTP']
    const { challengeId } = await signIn(here)
    const { deviceToken } = resultOf(await complete(here, { challengeId, totp: rightFactor('usr_ada') }))
    expect(deviceOf(deviceToken ?? '')?.userId).toBe('usr_ada')
  })

  it('is another one for every account, and after a token that is forged or too old', async () => {
    const adas = await tokenAfter()
    const adasDevice = deviceOf(adas)?.deviceId
    const others = [await tokenAfter(eve, adas), await tokenAfter(correct, `${adas.slice(0, -1)}!`)]
    for (const other of others) expect(deviceOf(other)?.deviceId).not.toBe(adasDevice)
    house.clock.advance(deviceTokenLifetimeMs)
    expect(deviceOf(await tokenAfter(correct, adas))?.deviceId).not.toBe(adasDevice)
  })

  it('is not told by a refresh, and opens nothing by itself', async () => {
    const { refreshToken, deviceToken } = await signIn(here)
    const { data } = await refresh(here, refreshToken)
    expect(data?.refreshSession).toMatchObject({ __typename: 'SignedIn', deviceToken: null })
    const guess = { ...correct, password: 'a guess' }
    expect(await signIn(here, guess, known(deviceToken))).toMatchObject({ __typename: 'SignInRefused' })
  })
})
