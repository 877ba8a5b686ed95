/** What may be done with an account whose address was not confirmed yet. */

/**
 * `required`: nothing, for there is no account before the address is confirmed. `grace`: it opens at once and lets its owner
 * in for a while. `off`: for as long as it exists.
 */
export type EmailVerification =
  | { readonly kind: 'required' }
  | { readonly kind: 'grace'; readonly graceMs: number }
  | { readonly kind: 'off' }

/** Unconfirmed accounts that were opened after this moment may sign in; `null`: none may. */
export function admitsUnconfirmedSince(policy: EmailVerification, now: Date): Date | null {
  switch (policy.kind) {
    case 'required':
      return null
    case 'grace':
      return new Date(now.getTime() - policy.graceMs)
    case 'off':
      return new Date(0)
  }
}

/** Until when an account that was opened at that moment may act with its address unconfirmed; `null`: for ever. */
export function admittedUntil(policy: EmailVerification, openedAt: Date): Date | null {
  switch (policy.kind) {
    case 'required':
      return openedAt
    case 'grace':
      return new Date(openedAt.getTime() + policy.graceMs)
    case 'off':
      return null
  }
}

export const opensAtOnce = ({ kind }: EmailVerification): boolean => kind !== 'required'
