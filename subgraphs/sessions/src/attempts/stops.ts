/** Stops: a person is told when signing in to their account was stopped by wrong tries (ASVS 6.3.5). */
import type { Logger } from '@latchkey/telemetry'
import { countOf } from '@latchkey/telemetry/metrics'
import type { StopKind } from './counter.ts'
import type { Attempts, Try } from './service.ts'

export interface Asked {
  readonly requestId: string
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
}

/** Resolves when the mail is certain to be sent. Rejects with UNAVAILABLE when nobody can be asked for it. */
export type TellStop = (userId: string, kind: StopKind, asked: Asked) => Promise<void>

export interface Stops {
  /**
   * A wrong try was made: if it was the last, its person is told, once a day for each kind of stop. It goes on by itself: the answer
   * must take as long whether there is a person to tell or not.
   */
  after(made: Pick<Try, 'last'>, userId: string | null, asked: Asked): void
  /** Resolves when nobody is being told any more. */
  settled(): Promise<void>
}

interface StopDependencies {
  readonly attempts: Pick<Attempts, 'mayTell'>
  readonly tell: TellStop
  readonly logger: Logger
}

const lockouts = countOf(
  'latchkey_lockouts_total',
  'Wrong tries that were the last: signing in is stopped from there on, by what stops.',
  ['kind'],
)

export function createStops({ attempts, tell, logger }: StopDependencies): Stops {
  const underWay = new Set<Promise<void>>()

  async function tellOf(userId: string, kind: StopKind, asked: Asked): Promise<void> {
    try {
      if (await attempts.mayTell(userId, kind)) await tell(userId, kind, asked)
    } catch (err) {
      logger.warn({ err, requestId: asked.requestId }, 'a person could not be told that signing in was stopped')
    }
  }

  return {
    after({ last }, userId, asked) {
      if (!last) return
      lockouts.add({ kind: last })
      if (!userId) return
      const telling = tellOf(userId, last, asked).finally(() => underWay.delete(telling))
      underWay.add(telling)
    },
    async settled() {
      await Promise.all(underWay)
    },
  }
}
