/** Makes one-time tokens: the text for the mail, and what is kept of it. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import type { BlindIndex } from '../identifiers/blind-index.ts'
import { macOfCode, newCode } from './code.ts'
import { type KeptToken, macOfToken, newToken, type TokenPurpose, tokenLifetimesMs } from './one-time-token.ts'

export interface IssuedToken {
  /** For the mail, and for nothing else. */
  readonly token: string
  readonly kept: KeptToken
}

export interface TokenTerms {
  readonly purpose: TokenPurpose
  readonly subjectId: string
  readonly emailIndex: BlindIndex
  /** Sealed already. */
  readonly payload?: string
}

/** A token with a short code beside it, for the same mail. */
export interface IssuedCode extends IssuedToken {
  readonly code: string
}

export interface TokenIssuer {
  issue(terms: TokenTerms): IssuedToken
  issueWithCode(terms: TokenTerms): IssuedCode
}

export function createTokenIssuer({
  keyring,
  clock,
  entropy,
}: {
  keyring: Keyring
  clock: Clock
  entropy: Entropy
}): TokenIssuer {
  function issue({ purpose, subjectId, emailIndex, payload }: TokenTerms): IssuedToken {
    const token = newToken(entropy)
    const createdAt = clock.now()
    const expiresAt = new Date(createdAt.getTime() + tokenLifetimesMs[purpose])
    const mac = macOfToken(keyring, purpose, token)
    const kept = { id: newId(entropy, 'tok'), purpose, subjectId, emailIndex, mac, createdAt, expiresAt }
    return { token, kept: { ...kept, payload: payload ?? null } }
  }
  return {
    issue,
    issueWithCode(terms) {
      const { token, kept } = issue(terms)
      const code = newCode(entropy)
      return { token, code, kept: { ...kept, codeMac: macOfCode(keyring, kept.mac.keyId, { tokenId: kept.id, code }) } }
    },
  }
}
