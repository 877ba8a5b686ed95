/** People in Postgres: the accounts that somebody can sign in to. */
import { serviceAccountPrefix } from '@latchkey/principal/owner-kind'

/** `alias`: that of a row of `users.accounts`. */
export const isPerson = (alias: string): string => `NOT starts_with(${alias}.id, '${serviceAccountPrefix}_')`
