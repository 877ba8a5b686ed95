/** Where a schema is wrong, in one line: file, line, column, and what is wrong there. */
import {
  type ASTNode,
  BREAK,
  type DocumentNode,
  GraphQLError,
  getLocation,
  Kind,
  parse,
  Source,
  type SourceLocation,
  visit,
} from 'graphql'

/** `file:line:column: what is wrong`. The place is the error's own, else where `sdl` says what the error speaks of. */
export function oneLineOf(thrown: unknown, file: string, sdl: string | null = null): string {
  const message = (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\s+/g, ' ').trim()
  if (message.startsWith(file)) return message
  const [told] = thrown instanceof GraphQLError ? (thrown.locations ?? []) : []
  const place = told ?? (sdl === null ? null : placeOf(message, sdl))
  return place ? `${file}:${place.line}:${place.column}: ${message}` : `${file}: ${message}`
}

/** Where the schema defines the first coordinate that the message names, or holds the first text that it quotes. */
function placeOf(message: string, sdl: string): SourceLocation | null {
  const source = new Source(sdl)
  const document = parsed(source)
  for (const [, type = '', field] of message.matchAll(/\b([A-Z]\w*)(?:\.(\w+))?/g)) {
    const node = document && nodeOf(document, type, field)
    if (node?.loc) return getLocation(source, node.loc.start)
  }
  for (const [text] of message.matchAll(/https?:\/\/[\w./-]*\w|@\w+/g)) {
    const at = (document && firstUse(document, text.slice(1))) ?? sdl.indexOf(text)
    if (at >= 0) return getLocation(source, at)
  }
  return null
}

function parsed(source: Source): DocumentNode | null {
  try {
    return parse(source)
  } catch {
    return null
  }
}

/** Of a directive. Its name may stand in an import before. */
function firstUse(document: DocumentNode, name: string): number | undefined {
  let at: number | undefined
  visit(document, {
    Directive(node) {
      if (node.name.value !== name) return undefined
      at = node.loc?.start
      return BREAK
    },
  })
  return at
}

/** A type may be defined in several pieces; the field says in which. */
function nodeOf({ definitions }: DocumentNode, type: string, field: string | undefined): ASTNode | null {
  for (const definition of definitions) {
    if (!('name' in definition) || definition.name?.value !== type) continue
    if (definition.kind === Kind.DIRECTIVE_DEFINITION) continue
    if (field === undefined) return definition.name
    const members =
      'fields' in definition ? (definition.fields ?? []) : 'values' in definition ? (definition.values ?? []) : []
    const member = members.find(({ name }) => name.value === field)
    if (member) return member.name
  }
  return null
}
