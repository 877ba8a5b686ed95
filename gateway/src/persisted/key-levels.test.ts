import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEstate } from '../estate.fixture.ts'
import {
  counted,
  type House,
  hashOnly,
  houseAt,
  idRequired,
  keyAt,
  open,
  opened,
  read,
  refused,
  sha256,
} from './house.fixture.ts'
import { type PersistedLevel, persistedLevels } from './levels.ts'

it('where no file is named nothing is registered, and a key that is held to it asks nothing', async () => {
  const { gateway, url } = await openEstate({ persisted: { level: 'off', file: '' } })
  const headers = { 'content-type': 'application/json', ...keyAt('SAFELIST') }
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query: opened.body }),
  })
  expect(await read(response)).toEqual(refused('QUERY_NOT_IN_SAFELIST'))
  await gateway.close()
})

describe('a key with a level of its own', () => {
  const houses: Partial<Record<PersistedLevel, House>> = {}
  beforeAll(async () => {
    for (const level of persistedLevels) houses[level] = await houseAt(level)
  })
  afterAll(() => Promise.all(Object.values(houses).map(({ gateway }) => gateway.close())))
  const at = (level: PersistedLevel) => houses[level] ?? expect.fail('there is no such house')

  /** What becomes of a text that is not registered, of one that is, and of an id. */
  const [all, safe, byId] = ['yes yes yes', 'QUERY_NOT_IN_SAFELIST yes yes', `${idRequired} ${idRequired} yes`]
  it.each<[PersistedLevel, string, string]>([
    ['off', 'LOG_UNKNOWN', all],
    ['off', 'SAFELIST', safe],
    ['off', 'IDS_ONLY', byId],
    ['log-unknown', 'LOG_UNKNOWN', all],
    ['log-unknown', 'SAFELIST', safe],
    ['log-unknown', 'IDS_ONLY', byId],
    ['safelist', 'LOG_UNKNOWN', safe],
    ['safelist', 'SAFELIST', safe],
    ['safelist', 'IDS_ONLY', byId],
    ['ids-only', 'LOG_UNKNOWN', byId],
    ['ids-only', 'SAFELIST', byId],
    ['ids-only', 'IDS_ONLY', byId],
    ['off', 'A_LATER_LEVEL', byId],
  ])('at a gateway of %s, of %s, is held to the stricter', async (level, own, expected) => {
    const bodies = [{ query: '{ open }' }, { query: opened.body }, { documentId: opened.id }]
    const answers = await Promise.all(bodies.map((body) => at(level).post(body, keyAt(own))))
    expect(answers.map(({ code }) => code ?? 'yes').join(' ')).toBe(expected)
  })

  it('changes nothing for anybody else', async () => {
    expect(await at('off').post({ query: '{ open }' }, keyAt('IDS_ONLY'))).toEqual(refused(idRequired))
    expect(await at('off').post({ query: '{ open }' })).toEqual(open)
    expect(await at('off').post({ query: '{ open }' }, { 'x-api-key': 'KeyFree' })).toEqual(open)
  })

  it.each<[PersistedLevel, string, object]>([
    ['off', 'IDS_ONLY', { query: opened.body, documentId: opened.id }],
    ['off', 'IDS_ONLY', { query: '{ open }', documentId: opened.id }],
    ['off', 'IDS_ONLY', { query: opened.body, ...hashOnly(opened.id) }],
    ['off', 'SAFELIST', { query: 'query Open { a: open b: open }' }],
    ['off', 'SAFELIST', { query: 'query Open { open } query Other { count }', operationName: 'Open' }],
    ['off', 'SAFELIST', { query: '{ __schema { types { name } } }' }],
    ['off', 'SAFELIST', { documentId: 'nobody' }],
    ['log-unknown', 'IDS_ONLY', { documentId: 'nobody' }],
    ['off', 'SAFELIST', [{ documentId: opened.id }, { query: '{ open }' }]],
  ])('gets nothing past them: %s %s %j', async (level, own, body) => {
    const before = at(level).asked.length
    for (const _ of ['first', 'again']) expect(await at(level).post(body, keyAt(own))).toMatchObject({ status: 400 })
    expect(at(level).asked).toHaveLength(before)
  })

  it('asks no automatic id that somebody else sent the text of', async () => {
    const text = 'query Theirs { open count }'
    expect(await at('off').post({ query: text, ...hashOnly(sha256(text)) })).toMatchObject({ status: 200 })
    expect(await at('off').post(hashOnly(sha256(text)))).toMatchObject({ status: 200 })
    expect(await at('off').post(hashOnly(sha256(text)), keyAt('SAFELIST'))).toEqual(refused('QUERY_NOT_IN_SAFELIST'))
    expect(await at('off').post(hashOnly(sha256(text)), keyAt('IDS_ONLY'))).toEqual(refused(idRequired))
  })

  it('is held to the operations that it is bound to besides, registered or not', async () => {
    const operations = [sha256(counted.body)]
    const bound = keyAt('IDS_ONLY', { operations })
    expect(await at('off').post({ documentId: counted.id }, bound)).toMatchObject({ status: 200 })
    expect(await at('off').post({ documentId: opened.id }, bound)).toEqual({ status: 403, code: 'FORBIDDEN' })
  })

  it('is named where what it sends is logged, once for each text', async () => {
    const query = '{ open must }'
    for (const id of ['KeyA', 'KeyA', 'KeyB'])
      await at('off').post({ query }, { 'x-api-key': `${id} {"persistedOperations":"LOG_UNKNOWN"}` })
    const told = at('off').lines.filter((line) => line.includes(sha256(query)))
    expect(told.map((line) => JSON.parse(line))).toMatchObject([
      { keyId: 'KeyA', fate: 'passed' },
      { keyId: 'KeyB', fate: 'passed' },
    ])
  })
})
