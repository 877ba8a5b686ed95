/** How large an operation is. Judged before it is validated, in time linear in its text. */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'

export interface SizeLimits {
  /** Levels of fields: `{ me { id } }` has two. */
  readonly depthMax: number
  readonly aliasesMax: number
  readonly rootFieldsMax: number
  readonly directivesMax: number
  /** Fields, each counted as often as the fragments around it are spread. */
  readonly fieldsMax: number
  /** Levels below `__schema` and `__type`; the query that Sandbox and GraphiQL send has fifteen. */
  readonly introspectionDepthMax: number
  /** Root fields that check a credential: at most one of them in an operation, so that one request is one try. */
  readonly oncePerOperation: readonly string[]
}

interface Measure {
  readonly depth: number
  readonly introspectionDepth: number
  readonly aliases: number
  readonly directives: number
  readonly fields: number
  /** Of the selection set itself, as if it were a root. */
  readonly rootFields: number
  readonly credentialChecks: number
}

const nothing: Measure = {
  depth: 0,
  introspectionDepth: 0,
  aliases: 0,
  directives: 0,
  fields: 0,
  rootFields: 0,
  credentialChecks: 0,
}

/** One thing that is measured, and how much of it there may be. */
export interface SizeFigure {
  readonly name: keyof typeof excesses
  readonly size: number
  readonly max: number
}

/** The limit that an operation of the document exceeds, in words; `null` when all are within. */
export function judgeSize(document: DocumentNode, limits: SizeLimits): string | null {
  for (const figures of figuresOf(document, limits)) {
    const exceeded = figures.find(isExceeded)
    if (exceeded) return excesses[exceeded.name](exceeded.max)
  }
  return null
}

/** Of each thing that is measured the largest among the operations of the document. */
export function measureSize(document: DocumentNode, limits: SizeLimits): readonly SizeFigure[] {
  const [first = [], ...others] = figuresOf(document, limits)
  return first.map((figure, at) => ({
    ...figure,
    size: Math.max(figure.size, ...others.map((figures) => figures[at]?.size ?? 0)),
  }))
}

export const isExceeded = ({ size, max }: SizeFigure): boolean => size > max

const excesses = {
  DEPTH: (max: number) => `more than ${max} levels of fields`,
  INTROSPECTION_DEPTH: (max: number) => `more than ${max} levels of introspection`,
  ALIASES: (max: number) => `more than ${max} aliases`,
  ROOT_FIELDS: (max: number) => `more than ${max} root fields`,
  DIRECTIVES: (max: number) => `more than ${max} directives`,
  FIELDS: (max: number) => `more than ${max} fields`,
  CREDENTIAL_CHECKS: () => 'more than one field that checks a credential',
} as const

/** Of each operation, in the order in which they are judged. */
function figuresOf(document: DocumentNode, limits: SizeLimits): SizeFigure[][] {
  const measure = createMeasure(document, limits)
  return document.definitions
    .filter((node) => node.kind === Kind.OPERATION_DEFINITION)
    .map((node) => figuresIn(measure(node), limits))
}

const figuresIn = (size: Measure, limits: SizeLimits): SizeFigure[] => [
  { name: 'DEPTH', size: size.depth, max: limits.depthMax },
  { name: 'INTROSPECTION_DEPTH', size: size.introspectionDepth, max: limits.introspectionDepthMax },
  { name: 'ALIASES', size: size.aliases, max: limits.aliasesMax },
  { name: 'ROOT_FIELDS', size: size.rootFields, max: limits.rootFieldsMax },
  { name: 'DIRECTIVES', size: size.directives, max: limits.directivesMax },
  { name: 'FIELDS', size: size.fields, max: limits.fieldsMax },
  { name: 'CREDENTIAL_CHECKS', size: size.credentialChecks, max: 1 },
]

/** Each fragment is measured once, and its measure added as often as it is spread: a bomb is a large number, not a long time. */
function createMeasure(document: DocumentNode, { oncePerOperation }: SizeLimits) {
  const checks = new Set(oncePerOperation)
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  const measured = new Map<string, Measure>()

  function ofFragment(name: string): Measure {
    const known = measured.get(name)
    const fragment = fragments.get(name)
    if (known || !fragment) return known ?? nothing
    measured.set(name, nothing) // a cycle ends here; validation refuses it afterwards
    const size = withDirectives(ofSet(fragment.selectionSet), fragment)
    measured.set(name, size)
    return size
  }

  function ofField(field: FieldNode): Measure {
    const below = field.selectionSet ? ofSet(field.selectionSet) : nothing
    const name = field.name.value
    const levels = below.depth + 1
    const introspects = name === '__schema' || name === '__type'
    return {
      depth: introspects ? 1 : levels,
      introspectionDepth: introspects ? levels : below.introspectionDepth,
      aliases: below.aliases + (field.alias ? 1 : 0),
      directives: below.directives + (field.directives?.length ?? 0),
      fields: below.fields + 1,
      rootFields: 1,
      credentialChecks: checks.has(name) ? 1 : 0,
    }
  }

  function ofSet(set: SelectionSetNode): Measure {
    return set.selections
      .map((selection) => {
        if (selection.kind === Kind.FIELD) return ofField(selection)
        const inside =
          selection.kind === Kind.INLINE_FRAGMENT ? ofSet(selection.selectionSet) : ofFragment(selection.name.value)
        return withDirectives(inside, selection)
      })
      .reduce(add, nothing)
  }

  return (operation: OperationDefinitionNode): Measure => {
    const ofVariables = (operation.variableDefinitions ?? []).reduce(withDirectives, nothing)
    return add(withDirectives(ofSet(operation.selectionSet), operation), ofVariables)
  }
}

const withDirectives = (
  size: Measure,
  { directives }: { readonly directives?: readonly unknown[] | undefined },
): Measure =>
  directives && directives.length > 0 ? { ...size, directives: size.directives + directives.length } : size

const add = (one: Measure, other: Measure): Measure => ({
  depth: Math.max(one.depth, other.depth),
  introspectionDepth: Math.max(one.introspectionDepth, other.introspectionDepth),
  aliases: one.aliases + other.aliases,
  directives: one.directives + other.directives,
  fields: one.fields + other.fields,
  rootFields: one.rootFields + other.rootFields,
  credentialChecks: one.credentialChecks + other.credentialChecks,
})
