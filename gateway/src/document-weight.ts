/** What a document takes in memory: parsed, and compiled. */
import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql'

const bytesPerCharacter = 2
/** With the nodes made of it. */
const bytesPerToken = 400

/** Bytes, estimated from above: of the text and of every token, comments included, for the document holds on to them all. */
export function weightOf({ loc }: DocumentNode): number {
  let bytes = (loc?.source.body.length ?? 0) * bytesPerCharacter
  for (let token = loc?.startToken; token; token = token.next ?? undefined) bytes += bytesPerToken
  return bytes
}

/** The fields of a selection set, each counted as often as the fragments around it are spread. A fragment is counted once. */
export function countFields(root: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): number {
  const counted = new Map<string, number>()
  const ofFragment = (name: string): number => {
    const set = fragments.get(name)?.selectionSet
    const fields = counted.get(name) ?? (set ? of(set) : 0)
    counted.set(name, fields)
    return fields
  }
  const of = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, each) => {
      if (each.kind === Kind.FRAGMENT_SPREAD) return sum + ofFragment(each.name.value)
      const below = each.selectionSet ? of(each.selectionSet) : 0
      return sum + below + (each.kind === Kind.FIELD ? 1 : 0)
    }, 0)
  return of(root)
}
