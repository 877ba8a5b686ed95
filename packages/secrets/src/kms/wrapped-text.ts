/** The text of a keyring's file, plain or sealed under a key of its own that key management wraps. */
import { createSecretKey } from 'node:crypto'
import type { Entropy } from '@latchkey/clock'
import { z } from 'zod'
import { openWith, sealWith } from '../keyring.ts'
import type { KeyManagement } from './key-management.ts'

const keyBytes = 32

const wrappedText = z.strictObject({
  format: z.literal('wrapped'),
  /** Whose part of a keyring this is; absent: a whole one. */
  service: z.string().max(32).optional(),
  /** As key management gave it. */
  wrappedKey: z.string().min(1).max(4_096),
  /** `nonce.ciphertext` of the plain text (AES-256-GCM). */
  sealed: z.string().max(1_000_000),
})
type WrappedText = z.infer<typeof wrappedText>

/** Bound to the key and to the text, so that the part of one service is not taken for that of another. */
const contextOf = (service: string | undefined): string => `latchkey keyring ${service ?? 'whole'}`

/** `null`: it is no wrapped text; whoever reads plain ones says what is wrong with it. */
export function readWrapped(text: string): WrappedText | null {
  try {
    return wrappedText.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

/** What the file says. Rejects when it is wrapped and there is nobody to unwrap it, or it was altered. */
export async function openText(path: string, text: string, kms: KeyManagement | null): Promise<string> {
  const wrapped = readWrapped(text)
  if (!wrapped) return text
  if (!kms) throw new Error(`${path} is wrapped by key management: LATCHKEY_KMS_URL must say by whose`)
  const context = contextOf(wrapped.service)
  const key = createSecretKey(await kms.unwrap(wrapped.wrappedKey, context))
  try {
    return openWith(key, wrapped.sealed, context).toString('utf8')
  } catch {
    throw new Error(`${path} was altered, or its key is another’s`)
  }
}

interface Wrapping {
  readonly kms: KeyManagement
  readonly entropy: Entropy
}

/** Each time under a new key, which nobody keeps but in this text. */
export async function wrapText(
  plain: string,
  service: string | undefined,
  { kms, entropy }: Wrapping,
): Promise<object> {
  const context = contextOf(service)
  const key = entropy.bytes(keyBytes)
  const wrappedKey = await kms.wrap(key, context)
  const sealed = sealWith(createSecretKey(key), plain, context, entropy)
  return { format: 'wrapped', ...(service !== undefined && { service }), wrappedKey, sealed } satisfies WrappedText
}
