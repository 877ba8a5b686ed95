/** Who holds which scopes, by roles and by keys: what a change of the graph may reach. */
import type { ApiKeysApplication, HeldScopes } from '@latchkey/api-keys'
import type { UsersApplication } from '@latchkey/users'

export interface CredentialHolders {
  readonly roles: readonly { readonly name: string; readonly scopes: readonly string[] }[]
  readonly keys: readonly HeldScopes[]
}

export async function readCredentialHolders(
  users: Pick<UsersApplication, 'roles'>,
  apiKeys: Pick<ApiKeysApplication, 'heldScopes'>,
): Promise<CredentialHolders> {
  const [roles, keys] = await Promise.all([users.roles(), apiKeys.heldScopes()])
  return { roles: roles.map(({ name, scopes }) => ({ name, scopes })), keys }
}
