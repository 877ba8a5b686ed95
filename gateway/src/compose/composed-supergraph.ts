/** A supergraph that is composed here, from a `supergraph.yaml` and the schemas that it names, whenever one of them changes. */
import type { SupergraphSupply } from '@latchkey/subgraph/supergraph-source'
import { composeSupergraph } from './compose.ts'
import { type FetchSchemasOptions, fetchSchemas } from './fetch-schemas.ts'
import { readSupergraphConfig, remoteSchemasIn } from './supergraph-config.ts'

/** Rejects, with every mistake in one line, when the schemas cannot be read or do not compose. */
export function composedSupergraph(file: string, options: FetchSchemasOptions): SupergraphSupply {
  let last: { readonly made: string; readonly sdl: string | Error } | undefined
  return {
    file,
    async read() {
      const config = readSupergraphConfig(file, await fetchSchemas(remoteSchemasIn(file), options))
      const made = JSON.stringify(config)
      // Composing takes as long as a hundred requests.
      if (last?.made !== made) last = { made, sdl: composed(config) }
      if (last.sdl instanceof Error) throw last.sdl
      return last.sdl
    },
  }
}

function composed(config: Parameters<typeof composeSupergraph>[0]): string | Error {
  const composition = composeSupergraph(config)
  return 'sdl' in composition ? composition.sdl : new Error(composition.errors.join('; '))
}
