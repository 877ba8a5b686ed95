/** A supergraph as its clients see it, and what an operation over it asks for. */

import { readAccessMap } from '@latchkey/subgraph/access-map'
import { createRequirementReader, type RequirementReader } from '@latchkey/subgraph/access-requirements'
import { createFootprintReader, type FootprintReader } from '@latchkey/subgraph/coordinates'
import { parsedSupergraph } from '@latchkey/subgraph/parsed-supergraph'
import { transformSupergraphToPublicSchema } from '@theguild/federation-composition'
import {
  buildASTSchema,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
  type TypeDefinitionNode,
  visit,
} from 'graphql'

export interface PublicGraph {
  /** The schema a client sees: no federation machinery, nothing that is @inaccessible. */
  readonly schema: GraphQLSchema
  readonly readRequirement: RequirementReader
  readonly readFootprint: FootprintReader
}

/** @throws Error when the text is no schema, or carries a directive for security that is not enforced. */
export function readPublicGraph(supergraphSdl: string): PublicGraph {
  const schema = publicSchemaOf(parsedSupergraph(supergraphSdl))
  return {
    schema,
    readRequirement: createRequirementReader(readAccessMap(supergraphSdl)),
    readFootprint: createFootprintReader(schema),
  }
}

export function publicSchemaOf(supergraph: DocumentNode): GraphQLSchema {
  const visible = transformSupergraphToPublicSchema(supergraph)
  const names = new Set(visible.definitions.filter(isTypeDefinition).map(({ name }) => name.value))
  // Composition lets a union keep a member that is @inaccessible; the schema a client sees cannot.
  const mended = visit(visible, {
    UnionTypeDefinition: (node) => ({ ...node, types: node.types?.filter(({ name }) => names.has(name.value)) ?? [] }),
  })
  return buildASTSchema(mended, { assumeValidSDL: true })
}

const isTypeDefinition = (node: DefinitionNode): node is TypeDefinitionNode => node.kind.endsWith('TypeDefinition')
