/** What a plan asks of entities, as one kind of node: several questions in one operation, or only one. */
import type {
  BatchFetchNode,
  EntityBatchAlias,
  FetchNode,
  FlattenNodePathSegment,
} from '@graphql-hive/router-query-planner'

/** One `_entities` field. */
export interface EntityQuestion extends EntityBatchAlias {
  /** Only objects of these types are asked for. */
  readonly of?: ReadonlySet<string>
}

export interface EntityQuestions extends BatchFetchNode {
  readonly entityBatch: { aliases: EntityQuestion[] }
}

/** A question about entities of one kind, at one path. */
export function onlyQuestion(node: FetchNode, path: readonly FlattenNodePathSegment[]): EntityQuestions {
  const { requires = [], inputRewrites = [], outputRewrites = [] } = node
  const alias = { alias: '_entities', representationsVariableName: 'representations', paths: [[...path]] }
  return {
    ...node,
    kind: 'BatchFetch',
    entityBatch: { aliases: [{ ...alias, requires, inputRewrites, outputRewrites }] },
  }
}

export const isForEntities = ({ requires }: FetchNode): boolean => requires !== undefined && requires.length > 0
