/** Limits on sessions are reached through a role, or through what only Sessions may ask. */
import { allow, type Rules } from '@latchkey/subgraph/guard'

export const sessionLimitRules = { SessionLimit: allow } satisfies Rules
