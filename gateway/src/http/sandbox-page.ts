/** Apollo's Sandbox page is loaded from the internet. Without it, the page still says how to ask. */

const sentence = (publicUrl: string) => `<h1>Latchkey</h1>
  <p>GraphQL is served at this address. Apollo Sandbox loads from the internet; until it does, ask like this:</p>
  <pre>curl -s ${new URL('/graphql', publicUrl).href} -H 'content-type: application/json' -d '{"query":"{ __typename }"}'</pre>`

/** Puts our words in place of the fallback's title. Where that is not found, the page stays as it is. */
export const withoutNetwork = (page: string, publicUrl: string): string =>
  page.replace('<h1>Welcome to Apollo Server</h1>', () => sentence(publicUrl))
