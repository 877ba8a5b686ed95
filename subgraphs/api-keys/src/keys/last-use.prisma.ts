/** When a key was last used, in SQL: the one place that knows where that is kept. */

/** `key`: the name of a row of `api_keys.api_keys` in the statement. Null: never, as far as is known. */
export const lastUsedAt = (key: string): string => `(SELECT u.at FROM api_keys.last_uses u WHERE u.key_id = ${key}.id)`
