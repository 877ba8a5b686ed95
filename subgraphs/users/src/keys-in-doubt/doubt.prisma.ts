/** Keys in doubt: part of the statements by which an account is taken back from somebody else. */

/**
 * For the `SET` of an update of accounts. Of several moments the earliest counts, and without one nothing changes. From here on
 * no key of the account counts; whoever tells the grants sees to it that those made since are taken back.
 */
export const doubtKeys = (since: string): string => `keys_doubted_since = least(keys_doubted_since, ${since})`
