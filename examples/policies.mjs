/** Policies for the graph with orders: `LATCHKEY_POLICIES_FILE=examples/policies.mjs`. See docs/security/directives.md. */

/** Margins are for programs that somebody made a key for, and for whoever sits at this machine. */
const ordersMargin = ({ principal, client }) =>
  principal.kind === 'apiKey' || (principal.kind === 'user' && client.address === '127.0.0.2')

export { ordersMargin as 'orders-margin' }
