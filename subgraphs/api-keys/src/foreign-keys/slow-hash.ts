/** argon2 and bcrypt: hashes that are dear to check. Their only home here; off the event loop, one at a time, few waiting. */

import { Problem } from '@latchkey/problem'
import { verify as verifyBcrypt } from '@node-rs/bcrypt'
import argon2 from 'argon2'

export interface SlowHash {
  readonly format: 'ARGON2' | 'BCRYPT'
  readonly hash: string
}

/** Rejects with RATE_LIMITED when too many wait already. */
export type CheckSlowHash = (text: string, hash: SlowHash) => Promise<boolean>

/** Each waits for a fifth of a second at most. */
const waitingMax = 20

const matches = (text: string, { format, hash }: SlowHash): Promise<boolean> =>
  format === 'BCRYPT' ? verifyBcrypt(text, hash) : argon2.verify(hash, text)

export function createSlowHashCheck(check: CheckSlowHash = matches): CheckSlowHash {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return async (text, hash) => {
    if (waiting >= waitingMax)
      throw new Problem('RATE_LIMITED', `${waiting} keys of other systems wait to be checked`, { retryAfterMs: 2_000 })
    waiting += 1
    const checked = last.then(() => check(text, hash))
    last = checked.catch(() => {})
    try {
      return await checked
    } finally {
      waiting -= 1
    }
  }
}
