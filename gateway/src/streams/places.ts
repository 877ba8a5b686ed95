/** How many streams may be open at once in this process: of a session or a key, of an account, and of everybody. */
import { actingUserId, type Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'

export interface StreamLimits {
  /** Of one session, or one key. */
  readonly perCredential: number
  /** Of one account, whatever its streams were opened with. */
  readonly perAccount: number
  /** Of everybody. */
  readonly inAll: number
}

export const usualStreamLimits: StreamLimits = { perCredential: 20, perAccount: 60, inAll: 10_000 }

export interface Places {
  /** Takes one; what it gives, gives it back. Throws RATE_LIMITED, or UNAVAILABLE when there is none for anybody. */
  take(principal: Principal): () => void
  readonly taken: number
}

const retryAfterMs = 1_000

export function createPlaces({ perCredential, perAccount, inAll }: StreamLimits): Places {
  const counts = new Map<string, number>()
  let taken = 0
  const count = (name: string, by: 1 | -1) => {
    const now = (counts.get(name) ?? 0) + by
    if (now === 0) counts.delete(name)
    else counts.set(name, now)
  }
  return {
    take(principal) {
      if (taken >= inAll) throw new Problem('UNAVAILABLE', 'no more streams', { retryAfterMs })
      const [credential, account] = [credentialOf(principal), `account ${actingUserId(principal)}`]
      if ((counts.get(credential) ?? 0) >= perCredential) throw tooMany(`${perCredential} with this credential`)
      if ((counts.get(account) ?? 0) >= perAccount) throw tooMany(`${perAccount} of this account`)
      const names = [credential, account]
      for (const name of names) count(name, 1)
      taken += 1
      let isTaken = true
      return () => {
        if (!isTaken) return
        isTaken = false
        for (const name of names) count(name, -1)
        taken -= 1
      }
    },
    get taken() {
      return taken
    },
  }
}

const credentialOf = (principal: Principal): string => {
  if (principal.kind === 'user') return `session ${principal.sessionId}`
  return principal.kind === 'apiKey' ? `key ${principal.keyId}` : principal.kind
}

const tooMany = (what: string): Problem =>
  new Problem('RATE_LIMITED', `streams: ${what}`, {
    retryAfterMs,
    message: `As many streams are open as may be: ${what}. Close one, or subscribe to several things over one.`,
  })
