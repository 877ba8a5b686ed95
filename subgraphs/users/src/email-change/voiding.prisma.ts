/** What ends the changes of address that wait for their confirmation. */

/** The CTE `voided`: whoever asked for them may be who the account is being taken back from. `of` has `column`, the account. */
export const voidEmailChanges = ({ of, column, at }: { of: string; column: string; at: `$${number}` }): string =>
  `voided AS (
     UPDATE users.one_time_tokens t SET consumed_at = ${at} FROM ${of}
     WHERE t.subject_id = ${of}.${column} AND t.purpose = 'change-email' AND t.consumed_at IS NULL RETURNING t.id)`
