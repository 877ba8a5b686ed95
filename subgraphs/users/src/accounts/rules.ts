/** Who may ask for accounts. */
import { actingUserId, holdsScope } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import {
  allow,
  type GuardedContext,
  inOrder,
  type Rules,
  requiresScopes,
  rule,
  type Verdict,
} from '@latchkey/subgraph/guard'
import { someone } from '../rules.ts'

const judgeAccount = (id: string, { principal }: GuardedContext): Verdict =>
  actingUserId(principal) === id || holdsScope(principal, 'users:read') || new Problem('NOT_FOUND', `account ${id}`)

const askedAccountIsTheirs = rule<unknown, { id: string }>(
  'askedAccountIsTheirs',
  (_parent, { id }, context) => judgeAccount(id, context),
  { cache: 'none' },
)
const accountIsTheirs = rule<{ id: string }>('accountIsTheirs', ({ id }, _args, context) => judgeAccount(id, context), {
  cache: 'none',
})

const readsProfiles = inOrder(someone, requiresScopes(['profile:read'], ['users:read']))

/** Judged before the account is read: a refusal leaves no trace of whether it exists. */
export const maySee = inOrder(readsProfiles, accountIsTheirs)

/** An account may be named; what it holds is guarded field by field. */
export const mayReferToAccounts = someone

export const accountRules = {
  Query: { me: someone, user: inOrder(readsProfiles, askedAccountIsTheirs) },
  Mutation: { register: allow },
  User: {
    // Whoever reaches a User has been told its id already.
    id: allow,
    email: maySee,
    emailVerified: maySee,
    displayName: maySee,
    roles: maySee,
    createdAt: maySee,
  },
  RegisterPayload: allow,
} satisfies Rules
