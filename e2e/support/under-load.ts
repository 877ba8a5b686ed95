/** A house in use: people and programs ask and change all the while, and whatever was acknowledged is remembered and read back. */
import { setTimeout as pause } from 'node:timers/promises'
import { ask, bearer, nobody, signInOperation } from './client.ts'
import { type Cast, everything, makeAndRevoke, openCast, tidyUp, untilServed } from './load/cast.ts'
import { calibrated, keepPace } from './load/pace.ts'
import { type Counted, openTally } from './load/tally.ts'
import { useOf } from './load/use.ts'
import { rounds } from './rounds.ts'

/** What the load must not be stopped by. */
export const withoutBudgets = {
  LATCHKEY_LIMIT_SIGN_IN_NETWORK: '10000',
  LATCHKEY_LIMIT_WRONG_KEYS: '10000',
  LATCHKEY_LIMIT_KEY_REQUESTS: '1000000',
  LATCHKEY_LIMIT_KEY_BURST: '1000000',
  LATCHKEY_LIMIT_OWNER_REQUESTS: '1000000',
  LATCHKEY_LIMIT_OWNER_BURST: '1000000',
}

/**
 * From day to day a machine that tests everything at once has to stand it, and a store that is slow by that is not away. Figures are
 * made with the usual patience, by whoever asks for rounds.
 */
export const storePatience = rounds > 1 ? {} : { LATCHKEY_STORE_PATIENCE: '800' }

export interface Findings extends Counted {
  readonly backAfterMs: number
  readonly lost: number
}

export interface HouseInUse {
  /** Keeps asking from before `begin` until after the way back that it gives, and says what was found. */
  endure(begin: () => Promise<() => unknown> | (() => unknown), goesOnMs: number): Promise<Findings>
}

/** How long it is watched before its trouble: longer where the figures are wanted. */
const quietMs = rounds > 1 ? 1_000 : 100

/** What is asked of it each second is a third of what it answers while it is well. */
export async function houseInUse(gateways: readonly string[]): Promise<HouseInUse> {
  const [first = ''] = gateways
  const castOfNow = openCast(first)
  const everyMs = await calibrate(gateways, await castOfNow())
  return {
    async endure(begin, goesOnMs) {
      const cast = await castOfNow()
      const tally = openTally()
      const use = useOf(gateways, cast, tally)
      const stop = keepPace(everyMs, use.turn)
      try {
        await pause(quietMs)
        tally.begin()
        const end = await begin()
        await pause(goesOnMs)
        await end()
        const endedMs = performance.now()
        await recovery(gateways, cast)
        const backAfterMs = Math.round(performance.now() - endedMs)
        await stop()
        const counted = tally.counted()
        const lost = await use.readBack()
        await tidyUp(first, cast)
        return { ...counted, failOpen: tally.counted().failOpen, lost, backAfterMs }
      } finally {
        await stop()
      }
    },
  }
}

async function calibrate(gateways: readonly string[], cast: Cast): Promise<number> {
  const everyMs = await calibrated(useOf(gateways, cast, openTally()).turn)
  await tidyUp(gateways[0] ?? '', cast)
  console.info(`the house is asked every ${everyMs} ms: a third of what it answers`)
  return everyMs
}

/** Reads, changes and sign-ins are served again, by every gateway. */
async function recovery(gateways: readonly string[], { finn }: Cast): Promise<void> {
  const input = { email: finn.email, password: finn.password }
  const works = gateways.flatMap((gateway) => [
    untilServed(() => ask(gateway, bearer(finn.accessToken), everything)),
    untilServed(() => makeAndRevoke(gateway, finn)),
    untilServed(() => ask(gateway, nobody, signInOperation, { input })),
  ])
  await Promise.all(works)
}
