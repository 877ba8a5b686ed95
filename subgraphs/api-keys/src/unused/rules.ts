/** Who may ask for unused keys: who may list keys. */
import type { Rules } from '@latchkey/subgraph/guard'
import { mayReadKeys } from '../keys/rules.ts'

export const unusedRules = { Query: { unusedApiKeys: mayReadKeys } } satisfies Rules
