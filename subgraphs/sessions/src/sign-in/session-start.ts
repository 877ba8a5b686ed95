/** The end of every sign-in, whatever the way: a session, its first pair of tokens, and what the client is known by. */
import type { Devices } from '../devices/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { Sessions } from '../sessions/service.ts'
import type { Proof } from '../sessions/session.ts'
import type { TokenPair, Tokens } from '../tokens/service.ts'
import type { Origin } from './pendings.ts'

export interface StartedSession extends TokenPair {
  /** The device the client is known by; what is kept of it is kept under this id. */
  readonly deviceId: string
  readonly deviceToken: string
}

/** For somebody who has proved who they are, with everything that is asked of them. */
export type StartSession = (proof: Proof, origin: Origin, occasion: Occasion) => Promise<StartedSession>

interface SessionStartDependencies {
  readonly sessions: Pick<Sessions, 'begin'>
  readonly tokens: Pick<Tokens, 'issue'>
  readonly devices: Pick<Devices, 'welcome'>
}

export const createSessionStart =
  ({ sessions, tokens, devices }: SessionStartDependencies): StartSession =>
  async (proof, { address, userAgent, deviceToken }, occasion) => {
    const pair = await tokens.issue(await sessions.begin(proof, { ...occasion, address, userAgent }))
    return { ...pair, ...devices.welcome(proof.userId, deviceToken) }
  }
