/** The scalar DateTime: RFC 3339 in UTC. */
import { GraphQLScalarType } from 'graphql'

export const dateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize: (value) => {
    if (!(value instanceof Date)) throw new TypeError('DateTime is made of a Date')
    return value.toISOString()
  },
})
