/** The registered operations of a gateway: read from their file, followed while it serves, and held against what it serves. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Logger } from '@latchkey/telemetry'
import type { Operations } from '../operations.ts'
import type { Steps } from '../pipeline.ts'
import { createPersistedOperations, type PersistedLevel, type PersistedOperations } from './levels.ts'
import { openOperationsFile } from './operations-file.ts'
import { createRegisteredOperations } from './registered-operations.ts'

export interface PersistedTerms {
  readonly level: PersistedLevel
  /** The manifest they are registered in, also where only keys are held to it. Empty: none is registered. */
  readonly file: string
}

type Prepare = Operations<unknown>['prepare']

export interface Persisted extends PersistedOperations {
  /** The same step, which what is not registered does not reach. */
  guard<Plan>(authorize: Steps<Plan>['authorize']): Steps<Plan>['authorize']
  /** Prepares all that are registered, a few at a time, and logs those that do not fit what is served; also after each change. */
  start(prepare: Prepare): void
  /** The same for another graph, from now on. */
  prepareFor(prepare: Prepare): Promise<void>
  close(): void
}

/** @throws Error when the file holds something else than a manifest. */
export function openPersisted(
  { level, file }: PersistedTerms,
  { charactersMax, logger }: { readonly charactersMax: number; readonly logger: Logger },
): Persisted {
  const source = file === '' ? null : openOperationsFile(file, logger)
  let registered = createRegisteredOperations(source?.operations ?? [], charactersMax)
  let prepare: Prepare | undefined

  async function prepareAll(): Promise<void> {
    const [mine, those] = [prepare, registered]
    for (const { id, name, body } of those.all) {
      if (prepare !== mine || registered !== those) return // another round has begun
      try {
        mine?.(body, name)
      } catch (thrown) {
        logger.warn({ id, name, detail: messageOf(thrown) }, 'a registered operation does not fit the graph')
      }
      await turn()
    }
  }

  const prepareFor = (given: Prepare): Promise<void> => {
    prepare = given
    return prepareAll()
  }
  const judged = createPersistedOperations({ level, registered: () => registered, logger })
  return {
    ...judged,
    guard: (authorize) => (request, caller) => {
      judged.requireRegistered(request, caller.key)
      return authorize(request, caller)
    },
    prepareFor,
    start(given) {
      void prepareFor(given)
      source?.follow(() => {
        registered = createRegisteredOperations(source.operations, charactersMax)
        void prepareAll()
      })
    },
    close: () => source?.close(),
  }
}

function messageOf(thrown: unknown): string {
  const [first] = thrown instanceof AggregateError ? thrown.errors : [thrown]
  return first instanceof Error ? first.message : String(first)
}
