/** Tells every process what an account may do after a change that is committed. */
import type { Logger } from '@latchkey/telemetry'
import type { GrantsService } from './service.ts'

/** Never rejects: the change must not read as if it had not been made, and the outbox holds the errand. */
export type TellGrants = (userId: string) => Promise<void>

export const createTellGrants =
  ({ grantsService, logger }: { grantsService: Pick<GrantsService, 'publish'>; logger: Logger }): TellGrants =>
  async (userId) => {
    try {
      await grantsService.publish(userId)
    } catch (error) {
      logger.warn({ err: error, userId }, 'grants could not be told to every process yet; it is tried again')
    }
  }
