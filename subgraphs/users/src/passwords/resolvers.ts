/** Passwords in GraphQL. */
import type { Principal, UserPrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { ChangePasswordInput } from './change/service.ts'

/** The rule before has let nobody else through. */
function personOf(principal: Principal): UserPrincipal {
  if (principal.kind !== 'user') throw new Problem('FORBIDDEN', 'only a person has a password')
  return principal
}

export const passwordResolvers: Resolvers<UsersContext> = {
  Query: {
    checkPassword: (_parent, typed: { email: string; password: string }, context) =>
      context.passwordService.check(typed, causeOf(context)),
    namedAccount: (_parent, { email }: { email: string }, { passwordService }) => passwordService.named(email),
    credentialHealth: (_parent, _args, { passwordService }) => passwordService.health(),
  },
  Mutation: {
    changePassword: (_parent, { input }: { input: ChangePasswordInput }, context) =>
      context.passwordChangeService.change(input, personOf(context.principal), causeOf(context)),
    requestPasswordReset: (_parent, { input }: { input: { email: string } }, context) =>
      context.passwordResetService.request(input, causeOf(context)),
    resetPassword: (_parent, { input }: { input: { token: string; newPassword: string } }, context) =>
      context.passwordResetService.reset(input, causeOf(context)),
    acceptInvitation: (_parent, { input }: { input: { token: string; password: string } }, context) =>
      context.passwordResetService.acceptInvitation(input, causeOf(context)),
  },
}
