/** Roles and scopes in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { UsersContext } from '../context.ts'

export const roleResolvers: Resolvers<UsersContext> = {
  Query: {
    roles: (_parent, _args, { roleCatalogue }) => roleCatalogue.roles,
    scopes: (_parent, _args, { roleCatalogue }) => roleCatalogue.scopes,
  },
}
