/** Headers that say who somebody is or where they come from, sent by whoever likes to. */
import { each, probe, refusedWith } from '../probe.ts'

const principal = { kind: 'user', userId: 'usr_1', sessionId: 'ses_1', roles: ['admin'], scopes: ['users:read'] }

const claims: readonly Readonly<Record<string, string>>[] = [
  { 'latchkey-principal': JSON.stringify(principal) },
  { 'latchkey-principal': Buffer.from(JSON.stringify(principal)).toString('base64url') },
  { 'x-user-id': 'usr_1' },
  { 'x-forwarded-user': 'admin' },
  { 'x-latchkey-roles': 'admin' },
  { 'x-unkey-principal': JSON.stringify(principal) },
  { 'x-original-url': '/admin', 'x-rewrite-url': '/admin' },
]

export const spoofing = [
  probe('headers that claim to be somebody count for nothing', ({ ask }) =>
    each(
      claims,
      async (headers) => refusedWith(await ask('{ me { id } }', {}, headers), 'UNAUTHENTICATED'),
      (headers) => Object.keys(headers).join(', '),
    ),
  ),
  probe('two Authorization headers are refused and not chosen from', async ({ ask, people }) => {
    if (!people) return { leftOut: 'nobody to sign in' }
    const joined = { authorization: `Bearer ${people[0]}, Bearer ${people[1]}` }
    return refusedWith(await ask('{ me { id } }', {}, joined), 'CREDENTIAL_REJECTED')
  }),
  probe('a bad credential is not taken for none', ({ ask }) =>
    each(
      [
        { authorization: 'Bearer x' },
        { authorization: 'Basic YTpi' },
        { authorization: '' },
        { 'x-api-key': 'lk_live_x' },
        { 'x-api-key': '' },
      ],
      async (headers) => refusedWith(await ask('{ __typename }', {}, headers), 'CREDENTIAL_REJECTED'),
      (headers) => JSON.stringify(headers),
    ),
  ),
]
