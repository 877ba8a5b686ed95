import { describe, expect, it } from 'vitest'
import { composeSupergraph } from './compose.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@requires", "@external", "@shareable"])
`
const grants = `${link}directive @fetchableBy(subgraphs: [String!]!) on FIELD_DEFINITION | OBJECT
`

/** What composition has to say of these schemas: a line for each mistake. */
function mistakesIn(schemas: Readonly<Record<string, string>>): readonly string[] {
  const subgraphs = Object.entries(schemas).map(([name, sdl]) => ({
    ...{ name, sdl, url: `http://${name}.test/graphql`, file: `${name}.graphql` },
  }))
  const composed = composeSupergraph({ subgraphs })
  return 'errors' in composed ? composed.errors : []
}

const users = (email: string, on = '') => `${grants}type Query { me: User }
type User @key(fields: "id") ${on} { id: ID! ${email} home: Home }
type Home { town: String street: String }`
const orders = `${link}type User @key(fields: "id") {
  id: ID!
  email: String @external
  receipt: String @requires(fields: "email")
}`

describe('what another subgraph requires', () => {
  it('is refused without a grant, by file and line, with where it can be granted', () => {
    expect(mistakesIn({ users: users('email: String'), orders })).toEqual([
      'orders.graphql:6:19: orders reads User.email (@requires), and users does not grant it. See users.graphql:5:41, where its ' +
        'owners can grant it: @fetchableBy(subgraphs: ["orders"])',
    ])
  })

  it('is composed with a grant, on the field or on the type', () => {
    const granted = '@fetchableBy(subgraphs: ["orders"])'
    expect(mistakesIn({ users: users(`email: String ${granted}`), orders })).toEqual([])
    expect(mistakesIn({ users: users('email: String', granted), orders })).toEqual([])
  })

  it('is refused with a grant for somebody else', () => {
    const others = users('email: String @fetchableBy(subgraphs: ["billing", "order"])')
    expect(mistakesIn({ users: others, orders })).toHaveLength(1)
  })

  it('is looked at to its depth', () => {
    const parcels = `${link}type User @key(fields: "id") { id: ID! home: Home @external parcel: String @requires(fields: "home { town }") }
type Home { town: String @external }`
    const half = users('email: String').replace('home: Home', 'home: Home @fetchableBy(subgraphs: ["parcels"])')
    expect(mistakesIn({ users: half, parcels })).toEqual([
      expect.stringContaining('parcels reads Home.town (@requires)'),
    ])
    const whole = half.replace('town: String', 'town: String @fetchableBy(subgraphs: ["parcels"])')
    expect(mistakesIn({ users: whole, parcels })).toEqual([])
  })

  it('needs no grant where the owner names its things by it', () => {
    const byEmail = users('email: String').replace('@key(fields: "id")', '@key(fields: "id") @key(fields: "email")')
    expect(mistakesIn({ users: byEmail, orders })).toEqual([])
  })
})

describe('what another subgraph calls a key', () => {
  const sly = `${link}type User @key(fields: "email") { email: String receipt: String }`

  it('is fetched from its owner all the same, and refused without a grant', () => {
    expect(mistakesIn({ users: users('email: String @shareable'), sly })).toEqual([
      expect.stringMatching(/^sly\.graphql:3:11: sly reads User\.email \(@key\), and users does not grant it\./),
    ])
  })

  it('is composed with a grant', () => {
    const granted = users('email: String @shareable @fetchableBy(subgraphs: ["sly"])')
    expect(mistakesIn({ users: granted, sly })).toEqual([])
  })
})
