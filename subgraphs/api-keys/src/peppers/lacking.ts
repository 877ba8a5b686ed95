/** Tells of keys whose pepper was taken out of the keyring too early: they cannot work, and putting it back is the remedy. */
import type { Logger } from '@latchkey/telemetry'
import type { PepperService } from './service.ts'

/** Never rejects: what cannot be counted just now is no reason not to start. */
export async function tellOfLackingPeppers({ counts }: Pick<PepperService, 'counts'>, logger: Logger): Promise<void> {
  try {
    for (const { pepperId, lasting, state } of await counts())
      if (state === 'LACKING' && lasting > 0)
        logger.error({ pepperId, keys: lasting }, 'keys stand under a pepper that the keyring lacks; they are refused')
  } catch (error) {
    logger.warn({ err: error }, 'the peppers of keys could not be counted')
  }
}
