/** Roles and scopes in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { administratorOf } from '../administration/administrator.ts'
import type { UsersContext } from '../context.ts'
import type { RoleInput } from './role-definition.ts'
import type { GrantInput } from './service.ts'

/** The account by its id alone, beside what became of it. */
const ofUser = <Outcome>({ outcome, userId }: { outcome: Outcome; userId: string }) => ({
  outcome,
  user: { id: userId },
})

export const roleResolvers: Resolvers<UsersContext> = {
  Query: {
    roles: (_parent, _args, { roleService }) => roleService.roles(),
    scopes: (_parent, _args, { roleCatalogue }) => roleCatalogue.scopes,
  },
  Mutation: {
    createRole: async (_parent, { input }: { input: RoleInput }, context) => ({
      role: await context.roleDefinitionService.create(input, administratorOf(context)),
    }),
    updateRole: async (_parent, { input }: { input: RoleInput }, context) => ({
      role: await context.roleDefinitionService.update(input, administratorOf(context)),
    }),
    deleteRole: (_parent, { name }: { name: string }, context) =>
      context.roleDefinitionService.remove(name, administratorOf(context)),
    grantRole: async (_parent, { input }: { input: GrantInput }, context) =>
      ofUser(await context.roleService.grantTo(input, administratorOf(context))),
    revokeRole: async (_parent, { input }: { input: GrantInput }, context) =>
      ofUser(await context.roleService.revoke(input, administratorOf(context))),
  },
}
