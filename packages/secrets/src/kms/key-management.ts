/** Who keeps the key that a keyring's own key is wrapped with, and gives it to nobody (envelope encryption, ASVS 13.3.3). */

/** `context` is bound to what is wrapped: it is unwrapped for the same context alone. */
export interface KeyManagement {
  /** For operators and logs: where it is, and no secret. */
  readonly name: string
  /** Rejects with `away` when it cannot be had now. */
  wrap(key: Uint8Array, context: string): Promise<string>
  /** Rejects as above; for good when it did not wrap this, or for another context. */
  unwrap(wrapped: string, context: string): Promise<Buffer>
}

const code = 'KEY_MANAGEMENT_AWAY'

/** It does not answer, or does not let us in: what may be otherwise in a moment. */
export const away = (reason: string, cause?: unknown): Error => Object.assign(new Error(reason, { cause }), { code })

export const isAway = (thrown: unknown): boolean => thrown instanceof Error && 'code' in thrown && thrown.code === code
