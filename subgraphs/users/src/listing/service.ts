/** Lists of accounts for administrators, page by page. */
import type { Keyring } from '@latchkey/secrets'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { ListStore } from './store.ts'
import { createCursors, type ListedAccounts, parsePage, type UsersArguments } from './user-list.ts'

export interface UserConnection {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

export interface ListingService {
  /** A page costs the same however many accounts there are, and stays what it is while accounts are opened. */
  users(asked: UsersArguments): Promise<UserConnection>
  /** The accounts that nobody signs in to, newest first. */
  serviceAccounts(asked: Pick<UsersArguments, 'first' | 'after'>): Promise<UserConnection>
}

interface ListingDependencies {
  readonly store: ListStore
  readonly keyring: Keyring
  readonly indexer: BlindIndexer
}

export function createListingService({ store, keyring, indexer }: ListingDependencies): ListingService {
  const cursors = createCursors(keyring)

  async function list(asked: UsersArguments, accounts: ListedAccounts): Promise<UserConnection> {
    const { filter, order, first, after } = parsePage(asked, accounts, cursors)
    const email = filter.email && indexer.every(filter.email)
    const found = await store.page({ filter: { ...filter, email }, order, after })
    const edges = found.slice(0, first).map((place) => ({
      cursor: cursors.seal(place, { filter, order }),
      node: { id: place.id },
    }))
    return {
      edges,
      pageInfo: {
        hasNextPage: found.length > first,
        hasPreviousPage: after !== null,
        startCursor: edges.at(0)?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      },
    }
  }

  return {
    users: (asked) => list(asked, 'people'),
    serviceAccounts: (asked) => list(asked, 'services'),
  }
}
