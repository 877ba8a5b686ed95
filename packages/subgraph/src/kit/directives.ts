/** What a schema says to use Latchkey's directives: the text, to be put before a team's own. */

/** `@link` lines of federation and of what Latchkey adds to it. */
export const latchkeyLinks = /* GraphQL */ `
extend schema
  @link(
    url: "https://specs.apollo.dev/federation/v2.9"
    import: ["@key", "@external", "@requires", "@shareable", "@inaccessible", "@authenticated", "@requiresScopes", "@composeDirective"]
  )
  @link(url: "https://latchkey.dev/scope/v1.0", import: ["@scope"])
  @link(url: "https://latchkey.dev/requiresAssurance/v1.0", import: ["@requiresAssurance"])
  @composeDirective(name: "@scope")
  @composeDirective(name: "@requiresAssurance")
`

/** The definitions of Latchkey's own directives. */
export const latchkeyDirectives = /* GraphQL */ `
"Lets other subgraphs have a field fetched for themselves, by \`@requires\` or by a key of theirs. On a type: all of its fields."
directive @fetchableBy(subgraphs: [String!]!) on FIELD_DEFINITION | OBJECT

"Declares a scope of this subgraph, and the roles that hold it from the start."
directive @scope(name: String!, description: String!, roles: [String!]! = []) repeatable on OBJECT

"Asks the caller for a proof of who they are that is strong and recent enough. \`maxAge\` is in seconds."
directive @requiresAssurance(
  level: AssuranceLevel! = AAL1
  maxAge: Int
) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE

"How strongly a person proved who they are (NIST SP 800-63B)."
enum AssuranceLevel {
  "With one factor."
  AAL1
  "With two factors, or a passkey."
  AAL2
}
`
