import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  counted,
  type House,
  hashOnly,
  houseAt,
  open,
  opened,
  operation,
  pinged,
  refused,
  registered,
  sha256,
} from './house.fixture.ts'
import { parseManifest, writeManifest } from './manifest.ts'

describe('at ids-only', () => {
  let house: House
  beforeAll(async () => {
    house = await houseAt('ids-only')
  })
  afterAll(() => house.gateway.close())

  it('an operation is asked by its id, in every way that there is', async () => {
    for (const _ of ['first sight', 'prepared']) {
      expect(await house.post({ documentId: opened.id })).toEqual(open)
      expect(await house.post({ documentId: 'open.1' })).toEqual(open)
      expect(await house.post(hashOnly(opened.id))).toEqual(open)
      expect(await house.get({ documentId: opened.id })).toEqual(open)
      expect(await house.get({ extensions: JSON.stringify(hashOnly(opened.id).extensions) })).toEqual(open)
    }
    expect(await house.post({ documentId: pinged.id })).toEqual({ status: 200, data: { ping: 'pong' } })
  })

  it('with its variables', async () => {
    const asked = { documentId: counted.id, operationName: 'Count' }
    expect(await house.post({ ...asked, variables: { by: 4 } })).toEqual({ status: 200, data: { count: 5 } })
    expect(await house.get({ ...asked, variables: '{"by":4}' })).toEqual({ status: 200, data: { count: 5 } })
    expect(await house.get({ ...asked, variables: '{"by":' })).toMatchObject({ status: 400 })
    expect(await house.post({ ...asked, variables: 'by' })).toMatchObject({ status: 400 })
    expect(await house.post({ ...asked, operationName: 'Open' })).toEqual(refused('OPERATION_RESOLUTION_FAILURE'))
  })

  it('a change is still none by GET', async () => {
    expect(await house.get({ documentId: pinged.id })).toEqual({ status: 405, code: 'BAD_REQUEST' })
  })

  it('no text is let in, registered or not, whatever stands beside it', async () => {
    const before = house.asked.length
    const required = refused('PERSISTED_QUERY_ID_REQUIRED')
    expect(await house.post({ query: opened.body })).toEqual(required)
    expect(await house.post({ query: '{ open }' })).toEqual(required)
    expect(await house.get({ query: opened.body })).toEqual(required)
    expect(await house.post({ query: opened.body, ...hashOnly(opened.id) })).toEqual(required)
    expect(await house.post({ query: '{ open }', documentId: opened.id })).toEqual(
      refused('CANNOT_SEND_PQ_ID_AND_BODY'),
    )
    expect(await house.post([{ documentId: opened.id }])).toMatchObject({ status: 400 })
    expect(house.asked).toHaveLength(before)
  })

  it('an automatic id that somebody sent a text for is none of those registered', async () => {
    const text = '{ open count }'
    await house.post({ query: text, ...hashOnly(sha256(text)) })
    const notInList = refused('PERSISTED_QUERY_NOT_IN_LIST')
    expect(await house.post(hashOnly(sha256(text)))).toEqual(notInList)
    expect(await house.get({ extensions: JSON.stringify(hashOnly(sha256(text)).extensions) })).toEqual(notInList)
  })

  it('an id that nobody registered is refused before anybody is asked who they are', async () => {
    const answer = await house.post({ documentId: 'nobody' }, { authorization: 'Bearer bad' })
    expect(answer).toEqual(refused('PERSISTED_QUERY_NOT_IN_LIST'))
    for (const id of ['__proto__', 'constructor', '', 'x'.repeat(10_000)])
      expect(await house.post({ documentId: id })).toMatchObject({ status: 400 })
  })
})

describe('at safelist', () => {
  let house: House
  beforeAll(async () => {
    house = await houseAt('safelist')
  })
  afterAll(() => house.gateway.close())

  it('a registered text passes, its blanks, commas and comments left out of account, and by its id', async () => {
    for (const query of [opened.body, 'query Open{open}', ' query\nOpen {, open # yes\n}', opened.body])
      expect(await house.post({ query })).toEqual(open)
    expect(await house.post({ documentId: opened.id })).toEqual(open)
    expect(await house.get({ query: opened.body })).toEqual(open)
  })

  it.each([
    ['another name', 'query Opened { open }'],
    ['one field more', 'query Open { open count }'],
    ['an alias', 'query Open { a: open }'],
    ['an operation beside it', 'query Open { open } query Other { count }'],
    ['no GraphQL', 'query Open { open "'],
    ['more than there may be of a text', `query Open { open } #${'x'.repeat(70_000)}`],
  ])('%s is another operation, and refused', async (_, query) => {
    const body = { query, operationName: 'Open' }
    for (const __ of ['first', 'again']) expect(await house.post(body)).toEqual(refused('QUERY_NOT_IN_SAFELIST'))
  })

  it('automatic ids are no way in', async () => {
    const text = '{ open }'
    expect(await house.post(hashOnly(sha256(text)))).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' })
    expect(await house.post({ query: text, ...hashOnly(sha256(text)) })).toEqual(refused('QUERY_NOT_IN_SAFELIST'))
    expect(await house.post(hashOnly(sha256(text)))).toMatchObject({
      code: expect.stringMatching(/NOT_FOUND|SAFELIST/),
    })
  })

  it('what is refused is logged once, with its hash and what the client calls itself', async () => {
    const query = '{ open must }'
    for (const _ of [1, 2, 3]) await house.post({ query }, { 'apollographql-client-name': `shop${'!'.repeat(500)}` })
    const told = house.lines.filter((line) => line.includes(sha256(query)))
    expect(told).toHaveLength(1)
    expect(JSON.parse(told[0] ?? '{}')).toMatchObject({ client: `shop${'!'.repeat(96)}`, fate: 'refused' })
  })

  it('what is registered, retired or spoilt counts with the next look, and what was there stays when it is spoilt', async () => {
    const must = operation('Must', 'query Must { count }')
    const write = (text: string) => {
      writeFileSync(`${house.file}.new`, text)
      renameSync(`${house.file}.new`, house.file)
    }
    expect(await house.post({ query: must.body })).toEqual(refused('QUERY_NOT_IN_SAFELIST'))
    write(writeManifest([must]))
    await expect.poll(() => house.post({ query: must.body })).toMatchObject({ status: 200 })
    expect(await house.post({ query: opened.body })).toEqual(refused('QUERY_NOT_IN_SAFELIST'))
    write('{"format"')
    await expect.poll(() => house.lines.join('')).toContain('those of before stay')
    rmSync(house.file)
    expect(await house.post({ query: must.body })).toMatchObject({ status: 200 })
  })
})

it('at log-unknown everything passes, and what is not registered is logged', async () => {
  const house = await houseAt('log-unknown')
  expect(await house.post({ query: '{ open }' })).toEqual(open)
  expect(await house.post({ query: opened.body })).toEqual(open)
  expect(await house.post({ documentId: opened.id })).toEqual(open)
  const told = house.lines.filter((line) => line.includes('not registered'))
  expect(told.map((line) => JSON.parse(line).sha256)).toEqual([sha256('{ open }')])
  await house.gateway.close()
})

it('at off registered ids are answered, and any other is nobody’s', async () => {
  const house = await houseAt('off')
  expect(await house.post({ documentId: opened.id })).toEqual(open)
  expect(await house.post(hashOnly(opened.id))).toEqual(open)
  expect(await house.post({ query: '{ open }', documentId: 'ours' })).toEqual(open)
  expect(await house.post({ documentId: 'nobody' })).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
  expect(await house.post(hashOnly(sha256('{ open }')))).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' })
  await house.gateway.close()
})

it('an id of another installation is nobody’s here', async () => {
  const [one, other] = [await houseAt('ids-only', [opened]), await houseAt('ids-only', [counted])]
  expect(await one.post({ documentId: opened.id })).toEqual(open)
  expect(await other.post({ documentId: opened.id })).toEqual(refused('PERSISTED_QUERY_NOT_IN_LIST'))
  await Promise.all([one, other].map(({ gateway }) => gateway.close()))
})

it('what is registered and does not fit the graph is logged, and refused like any other', async () => {
  const wrong = operation('Wrong', 'query Wrong { nothing }')
  const house = await houseAt('ids-only', [wrong, opened])
  await expect.poll(() => house.lines.join('')).toContain('does not fit the graph')
  expect(await house.post({ documentId: wrong.id })).toEqual(refused('GRAPHQL_VALIDATION_FAILED'))
  expect(await house.post({ documentId: opened.id })).toEqual(open)
  await house.gateway.close()
})

describe('a manifest', () => {
  const whole = JSON.parse(writeManifest([opened]))
  it('is read as it was written', () => expect(parseManifest(writeManifest(registered))).toEqual(registered))

  it.each([
    ['nonsense', 'it is not JSON'],
    [JSON.stringify({ ...whole, format: 'other' }), 'format: must be "apollo-persisted-query-manifest"'],
    [JSON.stringify({ ...whole, version: 2 }), 'version: must be 1'],
    [writeManifest([opened, opened]), 'is there twice'],
    [writeManifest([{ ...opened, id: 'a b' }]), 'operations.0.id: must be 1 to 128'],
    [writeManifest([{ ...opened, name: 'Other' }]), 'is not called Other'],
    [writeManifest([{ ...opened, type: 'mutation' }]), 'is no mutation'],
    [writeManifest([{ ...opened, body: 'query Open {' }]), 'Syntax Error'],
    [writeManifest([{ ...opened, body: 'query Open { open } query B { open }' }]), 'must hold one operation'],
  ])('that is wrong says so: %#', (text, words) => expect(() => parseManifest(text)).toThrow(words))
})
