/** Writes an operation about entities anew, so that it asks its questions in parts. */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
  type VariableDefinitionNode,
  visit,
} from 'graphql'
import { fragmentsOf } from '../collect-fields.ts'
import type { EntityQuestion, EntityQuestions } from './question.ts'

export interface Part {
  readonly question: EntityQuestion
  /** Which fields of the entity are asked for. */
  readonly keys: readonly string[] | 'all'
}

/** `parts`: of each question of the operation, in their order. */
export function writeParts(node: EntityQuestions, parts: readonly (readonly Part[])[]): EntityQuestions {
  const document = parse(node.operation, { noLocation: true })
  const fragments = fragmentsOf(document)
  const written = node.entityBatch.aliases.map((question, at) => partsOf(question, parts[at] ?? []))
  const rewrite = (operation: OperationDefinitionNode): OperationDefinitionNode => ({
    ...operation,
    variableDefinitions: (operation.variableDefinitions ?? []).flatMap((definition) => declare(definition, written)),
    selectionSet: {
      ...operation.selectionSet,
      selections: operation.selectionSet.selections.flatMap((selection) => ask(selection, written, fragments)),
    },
  })
  const definitions = document.definitions.map((each) =>
    each.kind === Kind.OPERATION_DEFINITION ? rewrite(each) : each,
  )
  const operation = stripIgnoredCharacters(print(withoutUnused({ ...document, definitions })))
  return {
    ...node,
    operation,
    entityBatch: { aliases: written.flatMap((one) => one.parts.map(({ question }) => question)) },
  }
}

interface Written {
  readonly from: EntityQuestion
  readonly parts: readonly Part[]
}

function partsOf(from: EntityQuestion, parts: readonly Part[]): Written {
  if (parts.length < 2) return { from, parts }
  return {
    from,
    parts: parts.map(({ question, keys }, at) => ({
      question: {
        ...question,
        alias: `${question.alias}_${at}`,
        representationsVariableName: `${question.representationsVariableName}_${at}`,
      },
      keys,
    })),
  }
}

function declare(definition: VariableDefinitionNode, written: readonly Written[]): readonly VariableDefinitionNode[] {
  const { variable } = definition
  const asks = written.find(({ from }) => from.representationsVariableName === variable.name.value)
  if (!asks) return [definition]
  return asks.parts.map(({ question }) => ({
    ...definition,
    variable: { ...variable, name: { ...variable.name, value: question.representationsVariableName } },
  }))
}

function ask(
  selection: SelectionNode,
  written: readonly Written[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): readonly SelectionNode[] {
  if (selection.kind !== Kind.FIELD) return [selection]
  const asks = written.find(({ from }) => from.alias === (selection.alias?.value ?? selection.name.value))
  if (!asks) return [selection]
  return asks.parts.map(({ question, keys }) => {
    const { selectionSet } = selection
    const value = {
      kind: Kind.VARIABLE,
      name: { kind: Kind.NAME, value: question.representationsVariableName },
    } as const
    return {
      ...selection,
      ...(question.alias === selection.name.value ? {} : { alias: { kind: Kind.NAME, value: question.alias } }),
      arguments: (selection.arguments ?? []).map((each) => ({ ...each, value })),
      ...(selectionSet && keys !== 'all' ? { selectionSet: pick(selectionSet, keys, fragments) } : {}),
    } satisfies FieldNode
  })
}

/** The fields under these keys, and the type. */
function pick(
  set: SelectionSetNode,
  keys: readonly string[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): SelectionSetNode {
  const within = (selectionSet: SelectionSetNode) => pick(selectionSet, keys, fragments)
  const selections = set.selections.flatMap((selection): readonly SelectionNode[] => {
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value
      return key === '__typename' || keys.includes(key) ? [selection] : []
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
    if (!fragment) return []
    const selectionSet = within(fragment.selectionSet)
    const typed = fragment.typeCondition ? { typeCondition: fragment.typeCondition } : {}
    return selectionSet.selections.length > 0 ? [{ kind: Kind.INLINE_FRAGMENT, ...typed, selectionSet }] : []
  })
  return { ...set, selections }
}

/** Without fragments that nothing spreads any more. */
function withoutUnused(document: DocumentNode): DocumentNode {
  const used = new Set<string>()
  visit(document, { FragmentSpread: ({ name }) => void used.add(name.value) })
  const definitions = document.definitions.filter(
    (each) => each.kind !== Kind.FRAGMENT_DEFINITION || used.has(each.name.value),
  )
  return definitions.length === document.definitions.length ? document : withoutUnused({ ...document, definitions })
}
