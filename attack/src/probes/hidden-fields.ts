/** What is between the subgraphs alone, asked for by a client. */
import { each, probe, refusedWith } from '../probe.ts'

const between = [
  '{ _entities(representations: [{ __typename: "User", id: "usr_1" }]) { __typename } }',
  '{ _service { sdl } }',
  '{ grants(userId: "usr_1") { scopes } }',
  '{ apiKeyRecord(id: "000000000000") { secretMac } }',
  '{ personalData(userId: "usr_1") { document } }',
  'mutation { eraseUser(userId: "usr_1") { forgotten } }',
  'mutation { withdrawApiKeys(userId: "usr_1", since: "2020-01-01T00:00:00Z") { withdrawn } }',
]

const administration = [
  '{ users { edges { node { id email } } } }',
  '{ user(id: "usr_1") { email } }',
  'mutation { grantRole(input: { userId: "usr_1", role: "admin" }) { outcome } }',
  'mutation { suspendUser(input: { id: "usr_1", reason: "x" }) { user { id } } }',
  'mutation { deleteUser(input: { id: "usr_1" }) { user { id } } }',
  '{ roles { name scopes } }',
  '{ auditEvents(first: 1) { edges { node { id } } } }',
  'mutation { impersonateUser(input: { userId: "usr_1", reason: "x" }) { accessToken } }',
]

export const hiddenFields = [
  probe('fields that are between subgraphs are not there for a client', ({ ask }) =>
    each(between, async (query) => refusedWith(await ask(query), 'GRAPHQL_VALIDATION_FAILED'), String),
  ),
  probe('administration refuses whoever is nobody', ({ ask }) =>
    each(administration, async (query) => refusedWith(await ask(query), 'UNAUTHENTICATED'), String),
  ),
  probe('administration refuses an ordinary person', async ({ ask, people }) => {
    if (!people) return { leftOut: 'nobody to sign in' }
    const headers = { authorization: `Bearer ${people[0]}` }
    return each(
      administration,
      async (query) => refusedWith(await ask(query, {}, headers), 'FORBIDDEN', 'STEP_UP_REQUIRED', 'NOT_FOUND'),
      String,
    )
  }),
]
