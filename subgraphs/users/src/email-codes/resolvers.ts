/** Codes by mail in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import { personOf } from '../second-factors/person.ts'
import type { EmailCodePurpose } from './email-code.ts'

interface SendArguments {
  readonly userId: string
  readonly reference: string
  readonly purpose?: EmailCodePurpose | null
}

export const emailCodeResolvers: Resolvers<UsersContext> = {
  Mutation: {
    enableEmailCodes: (_parent, _args, context) => context.emailCodeService.enable(personOf(context), causeOf(context)),
    disableEmailCodes: (_parent, _args, context) =>
      context.emailCodeService.disable(personOf(context), causeOf(context)),
    sendEmailCode: (_parent, { userId, reference, purpose }: SendArguments, { emailCodeService }) =>
      emailCodeService.send({ accountId: userId, reference }, purpose ?? 'SIGN_IN'),
  },
}
