/** Which directives of a supergraph decide about access, and whether this gateway enforces every one of them. */
import { type ConstDirectiveNode, type DocumentNode, Kind, visit } from 'graphql'

export interface AccessDirectiveNames {
  readonly authenticated: ReadonlySet<string>
  readonly requiresScopes: ReadonlySet<string>
  readonly policy: ReadonlySet<string>
  readonly requiresAssurance: ReadonlySet<string>
}

interface LinkedSpec {
  readonly url: string
  /** `authenticated` of `https://specs.apollo.dev/authenticated/v0.1`. */
  readonly name: string
  readonly version: string
  readonly purpose: string | undefined
  /** What the supergraph calls the spec's own directive. */
  readonly directive: string
}

const enforcedVersions: Readonly<Record<string, readonly string[]>> = {
  authenticated: ['v0.1'],
  requiresScopes: ['v0.1'],
  policy: ['v0.1'],
  requiresAssurance: ['v1.0'],
  // Hidden parts are not in the schema that operations are validated against.
  inaccessible: ['v0.1', 'v0.2'],
}

/** Specs about access. They are refused even when linked without `for: SECURITY`. */
const accessSpecs = ['authenticated', 'requiresScopes', 'requiresAssurance', 'policy']

/** @throws Error naming the directive, when the supergraph carries one for security that is not enforced here. */
export function readAccessDirectives(document: DocumentNode): AccessDirectiveNames {
  const linked = linkedSpecs(document)
  for (const spec of linked) requireEnforced(spec)
  const namesOf = (name: string) =>
    new Set([name, `federation__${name}`, ...linked.filter((spec) => spec.name === name).map((spec) => spec.directive)])
  return {
    authenticated: namesOf('authenticated'),
    requiresScopes: namesOf('requiresScopes'),
    policy: namesOf('policy'),
    requiresAssurance: namesOf('requiresAssurance'),
  }
}

/**
 * What a subgraph calls @requiresAssurance where it uses it without having it composed, by `@composeDirective`: nothing of it would
 * come to the supergraph, and nobody would notice. `null`: all is well.
 */
export function lostAssurance(document: DocumentNode): string | null {
  const names = readAccessDirectives(document).requiresAssurance
  const used = new Set<string>()
  const composed = new Set<string | undefined>()
  visit(document, {
    Directive(node) {
      if (names.has(node.name.value)) used.add(node.name.value)
      if (node.name.value.split('__').at(-1) === 'composeDirective')
        composed.add(textArgument(node as ConstDirectiveNode, 'name')) // a schema has no variables
    },
  })
  return [...used].find((name) => !composed.has(`@${name}`)) ?? null
}

function requireEnforced({ name, version, purpose, url }: LinkedSpec): void {
  if (purpose !== 'SECURITY' && !accessSpecs.includes(name)) return
  if (enforcedVersions[name]?.includes(version)) return
  throw new Error(`The supergraph links ${url} for security, and this gateway does not enforce it. Remove its use.`)
}

const linkedSpecs = (document: DocumentNode): readonly LinkedSpec[] => linkDirectives(document).flatMap(readLink)

const linkDirectives = (document: DocumentNode): readonly ConstDirectiveNode[] =>
  document.definitions
    .filter(({ kind }) => kind === Kind.SCHEMA_DEFINITION || kind === Kind.SCHEMA_EXTENSION)
    .flatMap((node) => ('directives' in node ? (node.directives ?? []) : []) as readonly ConstDirectiveNode[])

function readLink(directive: ConstDirectiveNode): LinkedSpec[] {
  // `@core(feature:)` is what `@link(url:)` was called in the first federation.
  const url = textArgument(directive, 'url') ?? textArgument(directive, 'feature')
  const [, name, version] = /\/([^/]+)\/(v\d+\.\d+)\/?$/.exec(url ?? '') ?? []
  if (url === undefined || name === undefined || version === undefined) return []
  const alias = textArgument(directive, 'as')
  return [
    {
      url,
      name,
      version,
      purpose: textArgument(directive, 'for'),
      directive: importedAs(directive, name) ?? alias ?? name,
    },
  ]
}

/** `import: [{ name: "@authenticated", as: "@signedIn" }]` */
function importedAs(directive: ConstDirectiveNode, name: string): string | undefined {
  const imports = directive.arguments?.find((argument) => argument.name.value === 'import')?.value
  for (const entry of imports?.kind === Kind.LIST ? imports.values : []) {
    if (entry.kind !== Kind.OBJECT) continue
    const fields = new Map(entry.fields.map((field) => [field.name.value, field.value]))
    const [from, as] = [fields.get('name'), fields.get('as')]
    if (from?.kind === Kind.STRING && from.value === `@${name}` && as?.kind === Kind.STRING) return as.value.slice(1)
  }
  return undefined
}

function textArgument(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value
  return value?.kind === Kind.STRING || value?.kind === Kind.ENUM ? value.value : undefined
}

/** What a supergraph calls the directive `name` of the spec `spec`, as its link says; its own name where none is linked. */
export function linkedDirective(document: DocumentNode, spec: string, name: string): string {
  const link = linkDirectives(document).find((directive) => readLink(directive)[0]?.name === spec)
  if (!link || importsOf(link).includes(`@${name}`)) return name
  const prefix = textArgument(link, 'as') ?? spec
  return importedAs(link, name) ?? (name === spec ? prefix : `${prefix}__${name}`)
}

function importsOf(link: ConstDirectiveNode): string[] {
  const imports = link.arguments?.find((argument) => argument.name.value === 'import')?.value
  return (imports?.kind === Kind.LIST ? imports.values : []).flatMap((each) =>
    each.kind === Kind.STRING ? [each.value] : [],
  )
}
