/** The password hash: argon2id over a peppered password. The only home of argon2. */
import type { Entropy } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import type { Logger } from '@latchkey/telemetry'
import argon2 from 'argon2'
import type { HashingQueue } from './hashing-queue.ts'
import { canonicalPassword, isOverlong } from './password.ts'

export interface PasswordHash {
  /** PHC string: algorithm, parameters, salt and hash. */
  readonly phc: string
  /** The key of the pepper. */
  readonly pepperId: string
}

/** Each call costs exactly one argon2id hash, whatever it is asked. */
export interface PasswordHasher {
  /** Rejects with UNAVAILABLE when too many wait. */
  hash(typed: string): Promise<PasswordHash>
  /** `null`: there is nothing to compare with, so the answer is no, at the same cost. Rejects with UNAVAILABLE when too many wait. */
  matches(typed: string, kept: PasswordHash | null): Promise<boolean>
}

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. */
const parameters = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1, hashLength: 32 } as const
const saltBytes = 16

const phcBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

/** A hash that no password has. */
const unmatchable = (entropy: Entropy) =>
  `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}` +
  `$${phcBase64(entropy.bytes(saltBytes))}$${phcBase64(entropy.bytes(parameters.hashLength))}`

export interface HasherDependencies {
  readonly keyring: Keyring
  readonly entropy: Entropy
  readonly queue: HashingQueue
  readonly logger: Logger
}

export function createPasswordHasher({ keyring, entropy, queue, logger }: HasherDependencies): PasswordHasher {
  const nobody = unmatchable(entropy)
  const spend = async () => {
    await queue.run(() => argon2.verify(nobody, Buffer.from(entropy.bytes(parameters.hashLength))))
    return false
  }
  return {
    async hash(typed) {
      const { keyId, mac } = keyring.mac('password', canonicalPassword(typed))
      const salt = Buffer.from(entropy.bytes(saltBytes))
      return { phc: await queue.run(() => argon2.hash(mac, { ...parameters, salt })), pepperId: keyId }
    },
    async matches(typed, kept) {
      if (!kept || isOverlong(typed)) return spend()
      const mac = keyring.macWith('password', kept.pepperId, canonicalPassword(typed))
      if (mac) return queue.run(() => argon2.verify(kept.phc, mac))
      logger.error({ pepperId: kept.pepperId }, 'the keyring no longer holds the pepper of a password')
      return spend()
    },
  }
}
