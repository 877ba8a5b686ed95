/** How often a key that is dear to check was tried in vain: so many times a minute, and then not at all for the rest of it. */
import { type Clock, minuteMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'

export interface WrongTries {
  /** Takes a try before the hash is evaluated. Throws RATE_LIMITED when there is none left. */
  take(keyId: string): void
  /** Gives it back: the text was right. */
  giveBack(keyId: string): void
}

const triesMax = 10
const rememberedMax = 10_000

/** In this process: behind n replicas a key has n times as many. */
export function createWrongTries(clock: Clock): WrongTries {
  let minute = 0
  let tries = new Map<string, number>()
  const turn = () => {
    const now = Math.floor(clock.now().getTime() / minuteMs)
    if (now !== minute || tries.size >= rememberedMax) tries = new Map()
    minute = now
  }
  return {
    take(keyId) {
      turn()
      const taken = tries.get(keyId) ?? 0
      if (taken >= triesMax)
        throw new Problem('RATE_LIMITED', `${triesMax} wrong texts for ${keyId} within a minute`, {
          retryAfterMs: (minute + 1) * minuteMs - clock.now().getTime(),
        })
      tries.set(keyId, taken + 1)
    },
    giveBack: (keyId) => void tries.set(keyId, Math.max(0, (tries.get(keyId) ?? 0) - 1)),
  }
}
