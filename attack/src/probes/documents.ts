/** Documents that cost more than they weigh: a planner or a parser that can be put out of work. */
import { type Finding, probe } from '../probe.ts'
import type { Answer } from '../target.ts'

const tooLongMs = 3_000

/** Refused as what it is, or answered, and in time either way. */
function bounded({ tookMs, codes, status }: Answer): Finding {
  if (tookMs > tooLongMs) return { broken: `took ${Math.round(tookMs)} ms` }
  return codes.includes('INTERNAL') || status >= 500 ? { broken: `${status} ${codes.join(', ')}` } : null
}

const repeat = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, n) => write(n)).join(' ')
const deep = (levels: number) => `{ me ${'{ sessions { user '.repeat(levels)}{ id }${' } }'.repeat(levels)} }`

const documentsByName: Readonly<Record<string, string>> = {
  'a thousand aliases of one field': `{ ${repeat(1_000, (n) => `a${n}: __typename`)} }`,
  'five hundred aliases of an entity': `{ ${repeat(500, (n) => `a${n}: me { id email sessions { id } apiKeys { id } }`)} }`,
  'fields within fields, five hundred deep': deep(500),
  'fragments that double at each level': `{ ...F0 } ${repeat(30, (n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)} fragment F30 on Query { __typename }`,
  'fragments in a circle': '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
  'ten thousand directives': `{ __typename ${'@include(if: true) '.repeat(10_000)} }`,
  'two hundred inline fragments within one another': `{ ${'... { '.repeat(200)} __typename ${'} '.repeat(200)} }`,
  'many conditions on variables': `query (${repeat(24, (n) => `$v${n}: Boolean = true`)}) { ${repeat(24, (n) => `a${n}: me @include(if: $v${n}) { id }`)} }`,
  'introspection within itself': `{ __schema { types { ${'fields { type { '.repeat(12)} name ${'} } '.repeat(12)} } } }`,
  'a thousand operations in one document': repeat(1_000, (n) => `query Q${n} { me { id } }`),
  'ten thousand variables': `query (${repeat(10_000, (n) => `$v${n}: Int`)}) { __typename }`,
  'a name of sixty thousand letters': `{ ${'a'.repeat(60_000)} }`,
  'braces that never end': '{ '.repeat(20_000),
}

export const documents = [
  ...Object.entries(documentsByName).map(([name, query]) =>
    probe(`costly document: ${name}`, async ({ ask }) => bounded(await ask(query))),
  ),
  probe('costly document: variables nested ten thousand deep', async ({ send }) => {
    const nested = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
    return bounded(
      await send({
        body: `{"query":"query ($input: SignInInput!) { signIn(input: $input) { __typename } }","variables":{"input":${nested}}}`,
      }),
    )
  }),
  probe('costly document: a text of four megabytes', async ({ ask }) => {
    const heavy = `{ __typename } # ${'x'.repeat(4 * 1024 * 1024)}`
    // The connection may be cut while it is still sending; what counts is that it is not read.
    const answer = await ask(heavy).catch(() => null)
    if (answer?.data) return { broken: 'it was answered' }
    return bounded(answer ?? (await ask('{ __typename }')))
  }),
  probe('a batch of a hundred operations in one array', async ({ send }) => {
    const answer = await send({
      body: JSON.stringify(Array.from({ length: 100 }, () => ({ query: '{ __typename }' }))),
    })
    return answer.status === 400 ? null : { broken: `answered ${answer.status}` }
  }),
]
