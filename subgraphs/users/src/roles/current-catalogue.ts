/** The catalogue of the supergraph that is served: it becomes another one while the process runs. */
import { secondMs } from '@latchkey/clock'
import { createWatch, type Watch } from '@latchkey/clock/watch'
import type { Logger } from '@latchkey/telemetry'
import { createRoleCatalogue, type DeclaredScope, type RoleCatalogue } from './role.ts'

/** Every question is answered from what is declared at that moment. */
export function currentCatalogue(declared: () => readonly DeclaredScope[]): RoleCatalogue {
  let read = declared()
  let catalogue = createRoleCatalogue(read)
  const now = (): RoleCatalogue => {
    if (declared() !== read) {
      read = declared()
      catalogue = createRoleCatalogue(read)
    }
    return catalogue
  }
  return {
    get roles() {
      return now().roles
    },
    get scopes() {
      return now().scopes
    },
    isRole: (name) => now().isRole(name),
    scopesOf: (names) => now().scopesOf(names),
  }
}

export interface CatalogueWatchDependencies {
  readonly catalogue: RoleCatalogue
  /** Every role there is. */
  readonly roleNames: () => Promise<readonly string[]>
  readonly publishHolders: (role: string) => Promise<unknown>
  readonly logger: Logger
}

/**
 * Tells every process anew what accounts are permitted when another supergraph declares other scopes, or gives them to other
 * roles. Each replica does: one that still judged by the scopes of before is corrected by itself.
 */
export function createCatalogueWatch(dependencies: CatalogueWatchDependencies): Watch {
  const { catalogue, roleNames, publishHolders, logger } = dependencies
  const stampNow = () => JSON.stringify([catalogue.scopes.map(({ name }) => name), catalogue.roles])
  return createWatch({
    read: stampNow,
    known: stampNow(),
    async act(_stamp, { isOpen }) {
      for (const role of await roleNames()) if (isOpen()) await publishHolders(role)
    },
    failed: (err) => logger.warn({ err }, 'grants could not be told anew yet; it is tried again'),
    pauseMs: secondMs,
  })
}
