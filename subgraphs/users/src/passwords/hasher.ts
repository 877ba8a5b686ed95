/** The password hash: argon2id over a peppered password. The only home of argon2. */
import type { Entropy } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import type { Logger } from '@latchkey/telemetry'
import argon2 from 'argon2'
import { createForeignCheck } from './foreign/foreign-check.ts'
import { parseForeignHash } from './foreign/foreign-hash.ts'
import type { HashingQueue } from './hashing-queue.ts'
import { canonicalPassword, isOverlong } from './password.ts'

export interface PasswordHash {
  /** PHC string: algorithm, parameters, salt and hash. */
  readonly phc: string
  /** The key of the pepper. */
  readonly pepperId: string
}

/** A hash as it is kept: one of ours, or without a pepper one that another system made. */
export type KeptPassword = Omit<PasswordHash, 'pepperId'> & { readonly pepperId: string | null }

/** Each call costs one turn in the queue and exactly one argon2id hash, whatever it is asked. */
export interface PasswordHasher {
  /** Rejects with UNAVAILABLE when too many wait. */
  hash(typed: string): Promise<PasswordHash>
  /**
   * `null`: there is nothing to compare with, so the answer is no, at the same cost. A foreign hash is checked beside a dummy:
   * it takes as long as the slower of the two. Rejects with UNAVAILABLE when too many wait.
   */
  matches(typed: string, kept: KeptPassword | null): Promise<boolean>
  /** Whether it is what would be made today. */
  isCurrent(kept: KeptPassword): boolean
}

/** What one hash costs whoever computes it. */
export interface HashCost {
  /** KiB of memory, at least 1,024. */
  readonly memory: number
  /** How often it goes over that memory. */
  readonly passes: number
}

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. */
const recommendedCost: HashCost = { memory: 19_456, passes: 2 }
const parallelism = 1
const hashLength = 32
const saltBytes = 16

const phcBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

/** A hash that no password has. */
const unmatchable = (entropy: Entropy, { memory, passes }: HashCost) =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}` +
  `$${phcBase64(entropy.bytes(saltBytes))}$${phcBase64(entropy.bytes(hashLength))}`

const checkForeign = createForeignCheck((phc, password) => argon2.verify(phc, password))

export interface HasherDependencies {
  readonly keyring: Keyring
  readonly entropy: Entropy
  readonly queue: HashingQueue
  readonly logger: Logger
  /** What OWASP recommends, unless told. */
  readonly hashCost?: HashCost
}

export function createPasswordHasher(dependencies: HasherDependencies): PasswordHasher {
  const { keyring, entropy, queue, logger, hashCost = recommendedCost } = dependencies
  const { memory: memoryCost, passes: timeCost } = hashCost
  const parameters = { type: argon2.argon2id, memoryCost, timeCost, parallelism, hashLength } as const
  const nobody = unmatchable(entropy, hashCost)
  const dummy = () => argon2.verify(nobody, Buffer.from(entropy.bytes(hashLength)))
  const spend = async () => {
    await queue.run(dummy)
    return false
  }

  async function matchesForeign(typed: string, { phc }: KeptPassword): Promise<boolean> {
    const foreign = parseForeignHash(phc)
    if ('fault' in foreign) {
      logger.error({ fault: foreign.fault }, 'a password is kept in a form that nothing here can check')
      return spend()
    }
    const check = () =>
      checkForeign(typed, foreign).catch((error: unknown) => {
        logger.error({ err: error, scheme: foreign.scheme }, 'a foreign hash could not be checked')
        return false
      })
    const [matches] = await queue.run(() => Promise.all([check(), dummy()]))
    return matches
  }

  return {
    async hash(typed) {
      const { keyId, mac } = keyring.mac('password', canonicalPassword(typed))
      const salt = Buffer.from(entropy.bytes(saltBytes))
      return { phc: await queue.run(() => argon2.hash(mac, { ...parameters, salt })), pepperId: keyId }
    },
    async matches(typed, kept) {
      if (!kept || isOverlong(typed)) return spend()
      if (kept.pepperId === null) return matchesForeign(typed, kept)
      const mac = keyring.macWith('password', kept.pepperId, canonicalPassword(typed))
      if (mac)
        return queue.run(() => {
          logger.debug({ typed: typed === '' ? 'nothing' : 'something' }, 'a password is compared')
          return argon2.verify(kept.phc, mac)
        })
      logger.error({ pepperId: kept.pepperId }, 'the keyring no longer holds the pepper of a password')
      return spend()
    },
    isCurrent: ({ phc, pepperId }) =>
      pepperId !== null && pepperId === keyring.keyIds('password')[0] && !argon2.needsRehash(phc, parameters),
  }
}
