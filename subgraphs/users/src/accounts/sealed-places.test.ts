import { systemEntropy } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { ask } from '@latchkey/subgraph/testing'
import { expect, it } from 'vitest'
import { aMember, startUsers } from '../application.fixture.ts'
import { createOutbox } from '../outbox/outbox.ts'
import { createPersonalData, type PersonalColumn, type PersonalPlace } from './personal-data.ts'
import { openRegistration, sealRegistration } from './registration-seal.ts'

/** Every column there is: a name that is added to the type and not here does not compile. */
const columns: Readonly<Record<PersonalColumn, true>> = {
  email: true,
  display_name: true,
  username: true,
  profile: true,
  public_metadata: true,
  private_metadata: true,
  admin_metadata: true,
  external_id: true,
  suspended_reason: true,
}

const places: readonly PersonalPlace[] = [
  ...(Object.keys(columns) as PersonalColumn[]),
  'totp_factors.secret',
  'service_accounts.description',
  ...(['passkeys.name:one', 'passkeys.name:two', 'data_exports.document:one', 'data_exports.document:two'] as const),
]

const keyring = createKeyring(newKeyringMaterial(systemEntropy), systemEntropy)
const personalData = createPersonalData({ keyring, entropy: systemEntropy })

/** A sealed text with the only way that may open it. */
interface Sealed {
  readonly place: string
  readonly text: string
  open(text: string): string
}

function ofAccount(id: string): Sealed[] {
  const { sealedKey, personal } = personalData.newKey(id)
  const key = { place: `${id} key`, text: sealedKey, open: (text: string) => String(personalData.reseal(id, text)) }
  const texts = places.map((place) => ({
    place: `${id} ${place}`,
    text: personal.seal(place, 'the same words'),
    open: (text: string) => personal.open(place, text),
  }))
  return [key, ...texts]
}

it('opens where it was sealed and nowhere else: no column, row, table or account takes the text of another', () => {
  const outbox = createOutbox({ keyring, clock: clockAt('2030-01-01T00:00:00Z'), entropy: systemEntropy })
  const messages = ['usr_1', 'usr_2'].map((userId) => outbox.message({ kind: 'grants', userId }))
  const sealed: Sealed[] = [
    ...ofAccount('usr_1'),
    ...ofAccount('usr_2'),
    ...['usr_1', 'usr_2'].map((id) => ({
      place: `registration ${id}`,
      text: sealRegistration(keyring, id, { email: 'a@example.com', displayName: 'A', locale: null, device: null }),
      open: (text: string) => openRegistration(keyring, id, text).email,
    })),
    ...messages.map(({ ref, payload }) => ({
      place: `message ${ref}`,
      text: payload,
      open: (text: string) => outbox.errandOf({ ref, payload: text }).kind,
    })),
  ]
  let refused = 0
  for (const here of sealed) {
    expect(() => here.open(here.text), here.place).not.toThrow()
    for (const there of sealed.filter((one) => one !== here)) {
      expect(() => here.open(there.text), `${there.place} at ${here.place}`).toThrow()
      refused += 1
    }
  }
  expect(refused).toBe(sealed.length * (sealed.length - 1))
  expect(sealed.length).toBe(2 * (places.length + 1) + 4)
})

it('and so a row that somebody put together from others in the database is not shown', async () => {
  const under = await startUsers()
  const [ada, eve] = [await aMember(under.users, 'ada@example.com'), await aMember(under.users, 'eve@example.com')]
  const me = () => ask(under.users.subgraph, eve, '{ me { email } }', {})
  expect((await me()).data).toEqual({ me: { email: 'eve@example.com' } })
  const tamper = async (name: string, text: string, values: string[]) => {
    await under.database.query({ name: `test_tamper_${name}`, text }, values)
    const { data, errors } = await me()
    expect([data, errors?.[0]?.extensions?.code]).toEqual([{ me: { email: null } }, 'INTERNAL'])
  }
  const ofAda = (column: string) => `(SELECT ${column} FROM users.accounts WHERE id = $2)`
  await tamper('row', `UPDATE users.accounts SET email = ${ofAda('email')} WHERE id = $1`, [eve.userId, ada.userId])
  await tamper('column', 'UPDATE users.accounts SET email = display_name WHERE id = $1', [eve.userId])
  const keyOfAda = '(SELECT sealed_key FROM users.data_keys WHERE account_id = $2)'
  await tamper('key', `UPDATE users.data_keys SET sealed_key = ${keyOfAda} WHERE account_id = $1`, [
    eve.userId,
    ada.userId,
  ])
  await under.close()
})
