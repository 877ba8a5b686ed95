/** Profiles in GraphQL. */
import { actingUserId } from '@latchkey/principal'
import type { Resolvers } from '@latchkey/subgraph'
import type { AccountReference } from '../accounts/resolvers.ts'
import { administratorOf } from '../administration/administrator.ts'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { UpdateProfileInput, UpdateUserMetadataInput } from './change.ts'
import type { Bucket } from './metadata.ts'
import type { Profile } from './profile.ts'

const part =
  (name: keyof Profile) =>
  ({ id }: AccountReference, _args: unknown, { profiles }: UsersContext) =>
    profiles.part(id, name)

const metadata =
  (bucket: Bucket) =>
  ({ id }: AccountReference, _args: unknown, { profiles }: UsersContext) =>
    profiles.metadata(id, bucket)

export const profileResolvers: Resolvers<UsersContext> = {
  Mutation: {
    updateProfile: (_parent, { input }: { input: UpdateProfileInput }, context) =>
      context.profileService.update(input, actingUserId(context.principal) ?? '', causeOf(context)),
    updateUserMetadata: (_parent, { input }: { input: UpdateUserMetadataInput }, context) =>
      context.profileService.updateMetadata(input, administratorOf(context)),
  },
  User: {
    version: ({ id }: AccountReference, _args, { profiles }) => profiles.version(id),
    username: ({ id }: AccountReference, _args, { profiles }) => profiles.username(id),
    givenName: part('givenName'),
    familyName: part('familyName'),
    locale: part('locale'),
    timeZone: part('timeZone'),
    picture: part('picture'),
    birthdate: part('birthdate'),
    publicMetadata: metadata('public'),
    privateMetadata: metadata('private'),
    adminMetadata: metadata('admin'),
  },
}
