/** Changes that are judged in this process and written only while what they were judged by is still so. */
import { Problem } from '@latchkey/problem'
import { lastAdministrator } from './last-administrator.ts'
import type { Written } from './store.ts'

/** Each time somebody else's change came first, so the rest of them have not stood still. */
const triesMax = 25

/** `judge` reads, judges and writes; it is asked again while what it read was stale. */
export async function judgedAgain<Value>(
  judge: () => Promise<{ readonly written: Written; readonly value: Value }>,
): Promise<Value> {
  for (let tries = 0; tries < triesMax; tries++) {
    const { written, value } = await judge()
    if (written === 'done') return value
    if (written === 'last-administrator') throw lastAdministrator()
  }
  throw new Problem('CONFLICT', 'it was changed each time before it could be written')
}
