/** One process plans for all tests of a worker. */
import { systemClock } from '@latchkey/clock'
import { silentLogger } from '@latchkey/telemetry'
import { createPlanning } from './planning.ts'

export const planning = createPlanning({ clock: systemClock, logger: silentLogger })
