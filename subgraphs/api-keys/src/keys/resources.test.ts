import { aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

const ada = aUser({ scopes: ['keys:read', 'keys:write'] })
let service: RunningApiKeys

beforeAll(async () => {
  service = await runApiKeys()
})
afterAll(() => service.stop())

const resourcesOf = async (id: string) =>
  (await service.ask(ada, 'query ($id: ID!) { apiKey(id: $id) { resources } }', { id })).data?.apiKey

const update = (input: Record<string, unknown>) =>
  service.ask(ada, 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { resources } } }', {
    input,
  })

it('keeps the resources of a key until they are taken away', async () => {
  const { id } = await service.create(ada, { resources: ['project:123', 'project:123', 'team:*'] })
  expect(await resourcesOf(id)).toEqual({ resources: ['project:123', 'team:*'] })
  expect(await service.records.apiKey(id)).toMatchObject({
    key: { confinement: { resources: ['project:123', 'team:*'] } },
  })
  await update({ id, name: 'other' })
  expect(await resourcesOf(id)).toEqual({ resources: ['project:123', 'team:*'] })
  await update({ id, resources: [] })
  expect(await resourcesOf(id)).toEqual({ resources: null })
})

it('gives the key that takes the place of one the same resources', async () => {
  const { id } = await service.create(ada, { resources: ['project:123'] })
  const rotate = 'mutation ($id: ID!) { rotateApiKey(input: { id: $id }) { apiKey { resources } } }'
  expect((await service.ask(ada, rotate, { id })).data).toEqual({
    rotateApiKey: { apiKey: { resources: ['project:123'] } },
  })
})

it.each([
  ['no kind', ['123']],
  ['a kind that is none', ['Project:1']],
  ['a pattern of no kind', ['*:1']],
  ['a text without end', [`project:${'1'.repeat(129)}`]],
  ['control characters', ['project:1\n']],
  ['101 of them', Array.from({ length: 101 }, (_, index) => `project:${index}`)],
])('refuses resources with %s, and changes nothing', async (_, resources) => {
  const { id } = await service.create(ada, { resources: ['project:1'] })
  expect(await update({ id, resources })).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT', fields: { 'input.resources': expect.any(String) } } }],
  })
  expect(await resourcesOf(id)).toEqual({ resources: ['project:1'] })
})
