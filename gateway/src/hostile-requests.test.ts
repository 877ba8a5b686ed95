import { connect } from 'node:net'
import { text as everything } from 'node:stream/consumers'
import type { GraphQLFormattedError } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

let estate: OpenEstate
let inProduction: OpenEstate

beforeAll(async () => {
  estate = await openEstate()
  inProduction = await openEstate({ mode: 'production' })
})
afterAll(() => Promise.all([estate, inProduction].map(({ gateway }) => gateway.close())))

async function textOf(body: unknown, { url } = estate): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  return (await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) })).text()
}

describe('variables that do not fit', () => {
  const query = 'query ($i: EchoInput!) { echo(input: $i) }'

  it('are named with the reason, each in `fields`', async () => {
    const text = await textOf({ query, variables: { i: { text: 7, times: 'often', txt: 1 } } })
    const { errors }: { errors: GraphQLFormattedError[] } = JSON.parse(text)
    expect(errors.map(({ message, extensions }) => [message, extensions])).toEqual([
      refused('i.text', 'String cannot represent a non string value.'),
      refused('i.times', 'Int cannot represent non-integer value.'),
      refused('i', 'Field "txt" is not defined by type "EchoInput".'),
    ])
  })

  const refused = (place: string, reason: string) => [
    `Variable "$${place}": ${reason}`,
    { code: 'BAD_USER_INPUT', fields: { [place]: reason } },
  ]

  const discreet = (...places: string[]) => places.map((place) => refused(place, 'Does not fit the schema.'))

  it.each([
    ['lack a field', {}, ['i']],
    ['are none of an object', 'a', ['i']],
    ['have a field of another type', { text: 7 }, ['i.text']],
    ['have a field that is not there', { text: 'a', txt: 7 }, ['i.txt']],
    ['have several', { text: 7, times: 'often', txt: 1 }, ['i.text', 'i.times', 'i.txt']],
    ['are not there', undefined, ['i']],
  ])('name in production no field and no type that was not asked for, when they %s', async (_, i, places) => {
    const { errors }: { errors: GraphQLFormattedError[] } = JSON.parse(
      await textOf({ query, variables: { i } }, inProduction),
    )
    expect(errors.map(({ message, extensions }) => [message, extensions])).toEqual(discreet(...places))
  })

  it('are never repeated, however they are built', async () => {
    const secret = 'hunter2; hunter2: hunter2" does not exist in "hunter2" at "hunter2'
    for (const i of [{ text: [secret] }, { text: 'a', times: secret }, secret, [[secret]], { [secret.repeat(9)]: 1 }])
      expect(await textOf({ query, variables: { i } })).not.toContain('hunter2; hunter2: hunter2')
  })

  it('are answered in few words, however large they are', async () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`wrong field ${n}`, 'password']))
    const text = await textOf({ query, variables: { i: many } })
    expect(text.length).toBeLessThan(5_000)
    expect(JSON.parse(text).errors).toHaveLength(5)
    expect((await textOf({ query, variables: { i: { ['x'.repeat(200_000)]: 1 } } })).length).toBeLessThan(1_000)
  })
})

describe('a credential', () => {
  it('is seen behind any number of other headers', async () => {
    const { port } = new URL(estate.url)
    const socket = connect(Number(port), '127.0.0.1')
    const body = '{"query":"{ open }"}'
    socket.write(`POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n`)
    socket.write(`content-length: ${body.length}\r\n${'a:\r\n'.repeat(2_100)}authorization: Bearer bad\r\n\r\n${body}`)
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 401 /)
  })
})
