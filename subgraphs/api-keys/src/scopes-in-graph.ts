/** The scopes that exist because a composed graph asks for them or declares them. */
import type { Scope } from '@latchkey/principal'
import { parsedSupergraph } from '@latchkey/subgraph/parsed-supergraph'
import { declaredScopes } from '@latchkey/subgraph/scope-catalogue'
import { Kind, visit } from 'graphql'

/** Every scope in a `@requiresScopes` and every one a `@scope` declares, each once. Throws when the text is no supergraph. */
export function scopesInGraph(supergraphSdl: string): readonly Scope[] {
  const found = new Set<Scope>(declaredScopes(supergraphSdl).map(({ name }) => name))
  visit(parsedSupergraph(supergraphSdl), {
    Directive(directive) {
      if (directive.name.value !== 'requiresScopes') return
      visit(directive, { [Kind.STRING]: ({ value }) => void found.add(value) })
    },
  })
  return [...found]
}
