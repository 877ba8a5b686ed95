import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { sensitivePlaces } from '@latchkey/subgraph/sensitive'
import { type DocumentNode, Kind, parse, print, type TypeNode } from 'graphql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  aKey,
  aPerson,
  ask,
  bearer,
  type Credential,
  nobody,
  registered,
  type SignedIn,
  signedIn,
} from './support/client.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

const subgraphs = ['users', 'sessions', 'api-keys']
const typeDefs: DocumentNode = {
  kind: Kind.DOCUMENT,
  definitions: subgraphs.flatMap((name) => [
    ...parse(readFileSync(new URL(`../subgraphs/${name}/schema.graphql`, import.meta.url), 'utf8')).definitions,
  ]),
}
const marked = new Set(sensitivePlaces(typeDefs))

interface Given {
  readonly name: string
  readonly type: TypeNode
}

const isHidden = ({ directives = [] }: { directives?: readonly { name: { value: string } }[] | undefined }) =>
  directives.some(({ name }) => name.value === 'inaccessible')

/** Input types with their fields, and enums with a value of each. */
const inputs = new Map<string, readonly Given[]>()
const enums = new Map<string, string>()
/** What anybody may ask for, with its arguments. */
const roots: { operation: string; name: string; given: readonly Given[]; answers: string }[] = []

for (const definition of typeDefs.definitions) {
  if (definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION)
    inputs.set(
      definition.name.value,
      (definition.fields ?? []).map(({ name, type }) => ({ name: name.value, type })),
    )
  if (definition.kind === Kind.ENUM_TYPE_DEFINITION)
    enums.set(definition.name.value, definition.values?.[0]?.name.value ?? '')
  if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.OBJECT_TYPE_EXTENSION) continue
  const operation = { Query: 'query', Mutation: 'mutation' }[definition.name.value]
  if (!operation) continue
  for (const field of definition.fields ?? [])
    if (!isHidden(field))
      roots.push({
        operation,
        name: field.name.value,
        given: (field.arguments ?? []).map(({ name, type }) => ({ name: name.value, type })),
        answers: nameOf(field.type),
      })
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type)
}

const scalars: Readonly<Record<string, unknown>> = {
  ...{ Int: 1, Boolean: true, Float: 1 },
  DateTime: '2030-01-01T00:00:00.000Z',
}

/** Something of a type: only what has to be there. */
function something(type: TypeNode): unknown {
  if (type.kind === Kind.NON_NULL_TYPE) return something(type.type)
  if (type.kind === Kind.LIST_TYPE) return [something(type.type)]
  const fields = inputs.get(type.name.value)
  if (!fields) return scalars[type.name.value] ?? enums.get(type.name.value) ?? 'something'
  return Object.fromEntries(
    fields.flatMap((field) => (field.type.kind === Kind.NON_NULL_TYPE ? [[field.name, something(field.type)]] : [])),
  )
}

type Path = readonly string[]

/** The ways from an argument to what is secret in it. */
function waysIn(given: Given, owner: string, seen: readonly string[] = []): readonly Path[] {
  const type = nameOf(given.type)
  const own = marked.has(`${owner}.${given.name}`) || marked.has(`${owner}(${given.name}:)`) ? [[given.name]] : []
  if (seen.includes(type)) return own
  const below = (inputs.get(type) ?? []).flatMap((field) => waysIn(field, type, [...seen, type]))
  return [...own, ...below.map((path) => [given.name, ...path])]
}

const withAt = (value: unknown, [first, ...rest]: Path, planted: unknown): unknown =>
  first === undefined
    ? planted
    : { ...(value as object), [first]: withAt((value as Record<string, unknown>)?.[first], rest, planted) }

const targets = roots.flatMap((root) =>
  root.given.flatMap((given) => {
    const type = root.operation === 'query' ? 'Query' : 'Mutation'
    return waysIn(given, `${type}.${root.name}`).map((path) => ({ ...root, path }))
  }),
)
type Target = (typeof targets)[number]

const isComposite = (type: string) =>
  typeDefs.definitions.some(
    (one) =>
      (one.kind === Kind.OBJECT_TYPE_DEFINITION || one.kind === Kind.UNION_TYPE_DEFINITION) && one.name.value === type,
  )

function byVariables({ operation, name, given, answers }: Target): string {
  const declared = given.map((one) => `$${one.name}: ${print(one.type)}`).join(', ')
  const passed = given.map((one) => `${one.name}: $${one.name}`).join(', ')
  return `${operation} (${declared}) { ${name}(${passed})${isComposite(answers) ? ' { __typename }' : ''} }`
}

/** As GraphQL writes it; a text that begins with `=` stands for itself. */
function literal(value: unknown): string {
  if (typeof value === 'string') {
    if (value.startsWith('=')) return value.slice(1)
    return [...enums.values()].includes(value) ? value : JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{ ${Object.entries(value)
    .map(([name, each]) => `${name}: ${literal(each)}`)
    .join(', ')} }`
}

function inline({ operation, name, answers }: Target, values: object): string {
  const passed = Object.entries(values).map(([given, value]) => `${given}: ${literal(value)}`)
  return `${operation} { ${name}(${passed.join(', ')})${isComposite(answers) ? ' { __typename }' : ''} }`
}

const newSecret = () => `s${randomBytes(20).toString('hex')}`

inEveryTopology((name) => {
  let house: Topology
  let ada: SignedIn
  beforeAll(async () => {
    const settings = { LATCHKEY_LIMITS: 'off', LATCHKEY_LOG_LEVEL: 'trace' }
    house = await startTopology(name, { settings })
    const password = `${newSecret()} is hers alone`
    ada = await signedIn(house.gateways[0], await registered(house.gateways[0], { ...aPerson(), password }))
  })
  afterAll(() => house?.stop())

  it('whatever is planted where a secret belongs is in no log, no metric, and no answer, however it is sent', async () => {
    expect(targets.length).toBeGreaterThan(25)
    const planted: { secret: string; how: string }[] = []
    const answers: string[] = []
    let turn = 0
    const send = async (how: string, secret: string, query: string, variables: object, credential: Credential) => {
      planted.push({ secret, how })
      const gateway = house.gateways[turn++ % 2] ?? ''
      const { data, errors } = await ask(gateway, credential, query, variables)
      answers.push(JSON.stringify({ how, data, errors }))
    }
    const tryAt = async (target: Target, credential: Credential) => {
      const usual = Object.fromEntries(target.given.map(({ name: given, type }) => [given, something(type)]))
      const at = `${target.name} ${target.path.join('.')}`
      const plant = (what: (secret: string) => unknown) => {
        const secret = newSecret()
        return { secret, values: withAt(usual, target.path, what(secret)) as object }
      }
      for (const [how, what] of [
        ['as a variable', (secret: string) => secret],
        ['too long', (secret: string) => secret.repeat(200)],
        ['as an object', (secret: string) => ({ [secret]: secret })],
        ['as a list', (secret: string) => [secret, [secret]]],
        ['with another sign', (secret: string) => `${secret}\u0000\n`],
      ] as const) {
        const { secret, values } = plant(what)
        await send(`${at} ${how}`, secret, byVariables(target), values, credential)
      }
      for (const [how, what] of [
        ['inline', (secret: string) => secret],
        ['inline as a name', (secret: string) => `=${secret}`],
        ['inline as an object', (secret: string) => ({ a: secret })],
        ['inline in a broken document', (secret: string) => `=: "${secret}"`],
        ['inline without its end', (secret: string) => `="${secret}`],
      ] as const) {
        const { secret, values } = plant(what)
        await send(`${at} ${how}`, secret, inline(target, values), {}, credential)
      }
      const { secret, values } = plant((one) => one)
      await send(
        `${at} beside a strange field`,
        secret,
        byVariables(target),
        { ...values, input: { ...Object(Reflect.get(values, 'input')), nobody: secret } },
        credential,
      )
    }
    for (const target of targets) await tryAt(target, turn % 3 === 0 ? nobody : bearer(ada.accessToken))
    for (const header of ['authorization', 'x-api-key', 'cookie', 'x-latchkey-device']) {
      const secret = newSecret()
      const value =
        { authorization: `Bearer ${secret}`, cookie: `__Host-latchkey=${secret}` }[header] ?? `lk_test_${secret}`
      await send(header, secret, '{ me { id } }', {}, { [header]: value })
    }
    const { secret: key } = await aKey(house.gateways[0], ada, ['profile:read'])
    const issued = { ...ada, key }
    const logs = house.logged()
    expect(logs.length).toBeGreaterThan(1_000)
    const metrics = await (await fetch(`${house.gateways[0]}/metrics`)).text()
    const all = answers.join('\n')
    const found = planted.flatMap(({ secret, how }) => [
      ...(logs.includes(secret) ? [`log: ${how}`] : []),
      ...(metrics.includes(secret) ? [`metrics: ${how}`] : []),
      ...(all.includes(secret) ? [`answer: ${how}`] : []),
    ])
    expect(found).toEqual([])
    for (const what of ['accessToken', 'refreshToken', 'deviceToken', 'password', 'key'] as const)
      expect(logs.includes(issued[what]), what).toBe(false)
  })
})
