/** Tells every process what accounts are permitted, after a change that was committed. */
import type { Logger } from '@latchkey/telemetry'

interface TellerDependencies {
  readonly publish: (userId: string) => Promise<unknown>
  readonly publishHolders: (role: string) => Promise<unknown>
  /** What is left to do with a role that was removed, once everyone who held it was told. */
  readonly forgetRemoved: (role: string) => Promise<void>
  readonly logger: Logger
}

/** The change is committed, so a failure here must not read as if it were not: the outbox holds the errand and tries again. */
export interface GrantsTeller {
  tell(userId: string): Promise<void>
  /** Those who hold the role, by way of another one too. */
  tellHolders(role: string): Promise<void>
  /** The same as an errand of the outbox: it may fail, and be done again. */
  runHolders(role: string): Promise<void>
}

/** Of one account. */
export type TellGrants = GrantsTeller['tell']

export function createGrantsTeller({
  publish,
  publishHolders,
  forgetRemoved,
  logger,
}: TellerDependencies): GrantsTeller {
  const warn = (subject: object) => (error: unknown) =>
    logger.warn({ err: error, ...subject }, 'grants could not be told to every process yet; it is tried again')

  async function runHolders(role: string): Promise<void> {
    await publishHolders(role)
    await forgetRemoved(role)
  }

  return {
    tell: (userId) => publish(userId).then(() => {}, warn({ userId })),
    tellHolders: (role) => runHolders(role).catch(warn({ role })),
    runHolders,
  }
}
