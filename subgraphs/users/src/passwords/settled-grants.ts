/** Tells every process what an account may do, once its sessions have ended; what fails is left to the outbox. */
import type { Logger } from '@latchkey/telemetry'
import type { GrantsService } from '../grants/service.ts'

/** Never rejects: the change is committed, and must not read as if it were not. */
export type SettledGrants = (userId: string) => Promise<void>

export const createSettledGrants =
  ({ grantsService, logger }: { grantsService: GrantsService; logger: Logger }): SettledGrants =>
  async (userId) => {
    try {
      await grantsService.publish(userId)
    } catch (error) {
      logger.warn({ err: error, userId }, 'grants could not be told to every process yet; it is tried again')
    }
  }
