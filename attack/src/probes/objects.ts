/** What belongs to somebody else, reached by its id through every path there is. */
import { type Finding, probe } from '../probe.ts'
import { type Answer, bearer, type Target } from '../target.ts'

interface Belongings {
  readonly userId: string
  readonly sessionId: string
  readonly keyId: string
}

export async function belongingsOf({ ask }: Target, token: string): Promise<Belongings> {
  const { data } = await ask('{ me { id sessions { id } } }', {}, bearer(token))
  const me = (data?.me ?? { id: '', sessions: [] }) as { id: string; sessions: { id: string }[] }
  const made = await ask(
    'mutation { createApiKey(input: { name: "attacked", scopes: ["profile:read"] }) { apiKey { id } } }',
    {},
    bearer(token),
  )
  const { apiKey } = (made.data?.createApiKey ?? {}) as { apiKey?: { id: string } }
  if (apiKey === undefined) throw new Error(`no key was made: ${made.text}`)
  return { userId: me.id, sessionId: me.sessions[0]?.id ?? '', keyId: apiKey.id }
}

const attempts: Readonly<Record<string, (its: Belongings) => string>> = {
  'a key by its id': ({ keyId }) => `{ apiKey(id: "${keyId}") { id name } }`,
  'the keys of an owner': ({ userId }) => `{ apiKeys(filter: { ownerId: "${userId}" }) { nodes { id } } }`,
  'a person by their id': ({ userId }) => `{ user(id: "${userId}") { id email } }`,
  'the end of a session': ({ sessionId }) => `mutation { revokeSession(id: "${sessionId}") { sessionId } }`,
  'the end of a key': ({ keyId }) => `mutation { revokeApiKey(input: { id: "${keyId}" }) { apiKey { id } } }`,
  'a change of a key': ({ keyId }) =>
    `mutation { updateApiKey(input: { id: "${keyId}", name: "mine" }) { apiKey { id } } }`,
  'the rotation of a key': ({ keyId }) => `mutation { rotateApiKey(input: { id: "${keyId}" }) { secret } }`,
  'a key set aside': ({ keyId }) => `mutation { disableApiKey(id: "${keyId}") { apiKey { id } } }`,
}

const refusals = ['NOT_FOUND', 'FORBIDDEN', 'STEP_UP_REQUIRED']

/** The same words whether it is somebody else's or nobody's. */
function alike(theirs: Answer, nobodys: Answer): Finding {
  if (!theirs.codes.some((code) => refusals.includes(code))) return { broken: `answered ${theirs.text.slice(0, 120)}` }
  const words = ({ codes, messages }: Answer) => JSON.stringify([codes, messages])
  return words(theirs) === words(nobodys) ? null : { broken: `${words(theirs)} and ${words(nobodys)} differ` }
}

const nobodys: Belongings = {
  userId: 'usr_0000000000000000000000',
  sessionId: 'ses_0000000000000000000000',
  keyId: '000000000000',
}

export const objects = Object.entries(attempts).map(([name, write]) =>
  probe(`of somebody else: ${name}`, async (target) => {
    if (!target.people) return { leftOut: 'nobody to sign in' }
    const [ada, eve] = target.people
    const theirs = await belongingsOf(target, ada)
    return alike(await target.ask(write(theirs), {}, bearer(eve)), await target.ask(write(nobodys), {}, bearer(eve)))
  }),
)
