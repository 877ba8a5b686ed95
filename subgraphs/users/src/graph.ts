/** The features' resolvers and rules as one graph. */
import { readFileSync } from 'node:fs'
import { accountResolvers } from './accounts/resolvers.ts'
import { accountRules } from './accounts/rules.ts'
import { dateTime } from './date-time.ts'
import { emailResolvers } from './email/resolvers.ts'
import { emailRules } from './email/rules.ts'
import { grantsResolvers } from './grants/resolvers.ts'
import { grantsRules } from './grants/rules.ts'
import { passwordResolvers } from './passwords/resolvers.ts'
import { passwordRules } from './passwords/rules.ts'
import { roleResolvers } from './roles/resolvers.ts'
import { roleRules } from './roles/rules.ts'

export const rules = {
  ...accountRules,
  ...emailRules,
  ...roleRules,
  ...passwordRules,
  ...grantsRules,
  Query: { ...accountRules.Query, ...roleRules.Query, ...passwordRules.Query, ...grantsRules.Query },
  Mutation: { ...accountRules.Mutation, ...emailRules.Mutation },
}

export const resolvers = {
  ...accountResolvers,
  DateTime: dateTime,
  Query: { ...accountResolvers.Query, ...roleResolvers.Query, ...passwordResolvers.Query, ...grantsResolvers.Query },
  Mutation: { ...accountResolvers.Mutation, ...emailResolvers.Mutation },
}

/** The contract, beside `src` and `dist` alike. */
export const readTypeDefs = (): string => readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8')
