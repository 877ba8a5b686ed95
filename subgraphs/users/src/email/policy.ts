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

export const opensAtOnce = ({ kind }: EmailVerification): boolean => kind !== 'required'
