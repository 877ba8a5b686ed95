/** Whether an account has a second factor that counts beside a short password and for a role (`meetsDemand`). */

/** A condition on the account whose id the expression gives. */
export const hasSecondFactor = (accountId: string): string =>
  `(EXISTS (SELECT FROM users.totp_factors f WHERE f.account_id = ${accountId} AND f.confirmed_at IS NOT NULL)
    OR EXISTS (SELECT FROM users.passkeys f WHERE f.account_id = ${accountId}))`
