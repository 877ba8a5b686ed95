/** The supergraph that is served: composed here where a `supergraph.yaml` is named, else read from its file. */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { secondMs } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { envelopeHeader } from '@latchkey/principal/envelope'
import { supergraphFile } from '@latchkey/subgraph/supergraph-file'
import { createSupergraphSource, type SupergraphSource } from '@latchkey/subgraph/supergraph-source'
import type { Logger } from '@latchkey/telemetry'
import { composedSupergraph } from '../compose/composed-supergraph.ts'
import { remoteSchemasIn } from '../compose/supergraph-config.ts'

/** Where the supergraph comes from. */
export type SupergraphOrigin =
  | { readonly kind: 'file'; readonly file: string }
  | {
      readonly kind: 'composed'
      /** A `supergraph.yaml`. */
      readonly config: string
      /** The composed one is put here as well, for other processes to follow; nowhere unless said. */
      readonly writtenTo: string | null
      /** Schemas that subgraphs told are kept here. */
      readonly keptIn: string
      readonly seal: (principal: Principal, audience: string) => Promise<string>
    }

/** A service is asked for its schema more rarely than a file is read. */
const remotePauseMs = 5 * secondMs

/** Not yet looking for the next one. Rejects with an Error of one line that names the file and what is wrong there. */
export async function openSupergraph(origin: SupergraphOrigin, logger: Logger): Promise<SupergraphSource> {
  if (origin.kind === 'file') {
    const supply = supergraphFile(origin.file)
    return createSupergraphSource({ first: await supply.read(), supply, logger })
  }
  const { config, writtenTo, keptIn, seal } = origin
  const gateway: Principal = { kind: 'service', name: 'gateway', scopes: [] }
  const supply = composedSupergraph(config, {
    keptIn: join(keptIn, 'schemas'),
    headersFor: async (name) => ({ [envelopeHeader]: await seal(gateway, name) }),
    onKept: once((line) => logger.warn(line)),
  })
  const pauseMs = remoteSchemasIn(config).length > 0 ? remotePauseMs : undefined
  const source = createSupergraphSource({ first: await supply.read(), supply, logger, ...(pauseMs && { pauseMs }) })
  if (writtenTo !== null) writeAlways(source, writtenTo, logger)
  return source
}

/** Whoever is told the same again is told nothing. */
function once(tell: (line: string) => void): (line: string) => void {
  let told = ''
  return (line) => {
    if (line !== told) tell(line)
    told = line
  }
}

function writeAlways(source: SupergraphSource, file: string, logger: Logger): void {
  const write = (sdl: string) => {
    try {
      const unfinished = `${file}.${process.pid}.tmp`
      writeFileSync(unfinished, sdl)
      renameSync(unfinished, file)
    } catch (err) {
      logger.error({ err, file }, 'the supergraph is served, and could not be written down for other processes')
    }
  }
  write(source.current)
  source.follow((sdl) => ({ take: () => write(sdl) }))
}
