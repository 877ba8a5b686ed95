/** Every mutation there is, written so that it can be asked: found in the graph itself, so that none is forgotten. */
import { ask, type Credential } from './client.ts'

interface TypeRef {
  readonly kind: string
  readonly name: string | null
  readonly ofType?: TypeRef | null
}

interface Input {
  readonly name: string
  readonly type: TypeRef
  readonly defaultValue: string | null
}

interface NamedType {
  readonly name: string
  readonly inputFields: readonly Input[] | null
  readonly enumValues: readonly { readonly name: string }[] | null
}

const reference = 'kind name ofType { kind name ofType { kind name ofType { kind name } } }'
const everything = `{ __schema {
  mutationType { fields { name type { ${reference} } args { name defaultValue type { ${reference} } } } }
  types { name inputFields { name defaultValue type { ${reference} } } enumValues { name } }
} }`

const scalars: Readonly<Record<string, string>> = {
  ...{ String: '"x"', ID: '"x"', Int: '1', Float: '1', Boolean: 'true', JSON: '{}' },
  DateTime: '"2030-01-01T00:00:00.000Z"',
}

const isNeeded = ({ type, defaultValue }: Input): boolean => type.kind === 'NON_NULL' && defaultValue === null

/** With the least that each takes: `suspendUser(input: {id: "x", reason: "x"}) { __typename }`. */
export async function everyMutation(gateway: string, credential: Credential): Promise<ReadonlyMap<string, string>> {
  const { data, errors } = await ask(gateway, credential, everything)
  if (errors.length > 0) throw new Error(`the graph does not show itself: ${errors[0]?.message}`)
  const types = new Map<string, NamedType>(data.__schema.types.map((type: NamedType) => [type.name, type]))

  function written({ kind, name, ofType }: TypeRef): string {
    if (ofType) return kind === 'LIST' ? `[${written(ofType)}]` : written(ofType)
    const { inputFields, enumValues } = types.get(name ?? '') ?? {}
    if (inputFields) return `{${inputFields.filter(isNeeded).map(pair).join(', ')}}`
    return enumValues?.[0]?.name ?? scalars[name ?? ''] ?? '"x"'
  }
  const pair = ({ name, type }: Input): string => `${name}: ${written(type)}`

  const fields: readonly { name: string; args: readonly Input[] }[] = data.__schema.mutationType.fields
  return new Map(
    fields.map(({ name, args }) => {
      const given = args.filter(isNeeded).map(pair).join(', ')
      return [name, `mutation { ${name}${given === '' ? '' : `(${given})`} { __typename } }`]
    }),
  )
}
